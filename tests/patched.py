"""Small files with their filled cells written into them, and runs that must leave or refuse them whole."""

import re

__all__ = ["after", "assert_filled", "before", "is_two_lines", "refusal"]

CELL = re.compile(rb"\{([^{}>]*)>([^{}]*)\}")
"""`{NA>a}` is a cell that holds NA before and a afterwards, `{>a}` one that is empty before."""


def before(template):
    """Give the file as it is read."""
    return CELL.sub(rb"\1", template)


def after(template):
    """Give the file as it must be written: the same bytes but for the cells in braces."""
    return CELL.sub(rb"\2", template)


def assert_filled(call, folder, template, *options, column="g", name="a.csv"):
    """Fill a column, and see that only the cells in braces changed, nothing was said and nothing else written."""
    (folder / name).write_bytes(before(template))
    stem, dot, suffix = name.rpartition(".")
    written = f"{stem}.filled.{suffix}" if dot else f"{name}.filled"
    fill = ("fill", "-c", column, "-qq", "--no-report", "--covariance", "tied")  # the quickest way: it is about bytes
    code, said, told = call(*fill, *options, "--", name)

    assert (code, said, told) == (0, "", "")
    assert (folder / written).read_bytes() == after(template)
    assert (folder / name).read_bytes() == before(template)
    assert sorted(path.name for path in folder.iterdir()) == sorted([name, written])


def is_two_lines(said):
    """Tell whether a failure is told as it should be: what is wrong, and a hint."""
    lines = (said if isinstance(said, str) else said.decode()).splitlines()
    return [line.partition(": ")[0] for line in lines] == ["error", "hint"]


def refusal(call, folder, content, arguments, code):
    """Run a command that must fail so, in two lines, with nothing written; give the two lines."""
    if content is not None:
        (folder / "a.csv").write_bytes(content)
    names = sorted(path.name for path in folder.iterdir())
    ended, said, told = call(*(arguments.split() if isinstance(arguments, str) else arguments))
    lines = told.splitlines()

    assert (ended, said) == (code, ""), told
    assert is_two_lines(told), told
    assert told.isprintable() or told.replace("\n", "").isprintable(), told
    assert sorted(path.name for path in folder.iterdir()) == names
    assert content is None or (folder / "a.csv").read_bytes() == content
    return lines
