"""The page shows every text of the user literally."""

import pytest
from reported import Page, page_of

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "rich": "[bold]red[/bold]|",
    "template": "{{ 7 * 7 }}{% raw %}",
    "entity": "&lt;b&gt;",
    "quotes": "\" onload='x'",
    "braces": "{0}{name}%s",
}


def renamed(value, replacements):
    """Put other texts in the place of some, as keys and as values, at any depth."""
    if isinstance(value, str):
        return replacements.get(value, value)
    if isinstance(value, list):
        return [renamed(one, replacements) for one in value]
    if isinstance(value, dict):
        return {
            replacements.get(key, key) if key in {"female", "male", "height"} else key: renamed(one, replacements)
            for key, one in value.items()
        }
    return value


@pytest.mark.parametrize("odd", HOSTILE.values(), ids=HOSTILE)
def test_texts_of_the_user_are_shown_literally(heights, odd):
    before = len(Page(page_of(heights)).elements)
    text = page_of(renamed(heights, {"female": odd, "height": f"{odd} 2", "gender": f"{odd} 3"}))
    page = Page(text)
    shown = page.words()

    assert len(page.elements) - before in range(-4, 5)  # nothing acts as a tag
    assert f"{odd} 3 in" in shown
    assert f"{odd} 2" in shown
    assert [data for tag, data in page.texts if tag == "text" and data.startswith(f"{odd}: ")]
    assert [data for tag, data in page.texts if tag == "title" and odd in data]
    assert [data for tag, data in page.texts if tag == "desc" and odd in data]


def test_a_file_name_that_is_no_text_and_messages_are_literal(heights):
    odd = {
        **heights,
        "warnings": [{"code": "W01", "message": "<b>\udc80</b>"}],
        "log": [{"step": "read", "action": "a", "detail": "\x1b[31m"}],
    }
    odd["input"] = {**heights["input"], "path": "/tmp/<x>\udcff.csv"}  # noqa: S108
    odd["command"] = "em-impute fill '</code><script>'"
    page = Page(page_of(odd))

    assert "<b>\\udc80</b>" in page.words()
    assert "\\x1b[31m" in page.words()
    assert "gender in <x>\\udcff.csv" in page.words()
    assert "'</code><script>'" in page.words()
    assert not page.all("script")
