"""The text and the structure of a page, a line for each block, and of each part of a picture where its middle lies."""

import re
from html.parser import HTMLParser

__all__ = ["outline"]

VOID = {"meta", "br", "img", "hr", "link"}
INLINE = {"b", "bdi", "a", "code", "em", "strong", "span", "i", "sub", "sup"}
CELLS = {"td", "th"}
SILENT = {"style", "pattern", "defs", "clippath"}
"""Elements of which nothing is told."""
ATTRIBUTES = ("id", "class", "href", "scope", "role", "aria-label")
TOLD = {"article", "section", "figure", "table", "details", "svg", "tr", "tbody", "thead", "nav"}
"""Elements that have a line although they hold no text of their own."""


class _Outline(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.lines, self._within, self._silent = [""], [], 0

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag in VOID:
            return
        self._within.append(tag)
        if self._silent or tag in SILENT:
            self._silent += 1
            return
        said = "".join(f" {key}={given[key]}" for key in ATTRIBUTES if given.get(key) is not None)
        if tag in CELLS:
            self.lines[-1] += f" |{said.replace(' scope=', ' ').replace(' class=', ' ')} "
        elif tag in INLINE:
            self.lines[-1] += f"<{tag}{said.replace(' class=name', '')}>"
        elif tag in {"g", "path"}:
            self.lines[-1] += f" ({given['id']})" if "id" in given else ""
            self.lines[-1] += _middle(given.get("d", ""))
        elif tag == "text":
            self.lines[-1] += " · "
        elif tag not in {"rect", "html", "head", "body"}:
            self.lines.append(f"{tag}{said}: ")

    def handle_startendtag(self, tag, attrs):
        if tag not in VOID:
            self.handle_starttag(tag, attrs)
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        assert self._within.pop() == tag
        if self._silent:
            self._silent -= 1
        elif tag in INLINE:
            self.lines[-1] += f"</{tag}>"

    def handle_data(self, data):
        if not self._silent:
            self.lines[-1] += re.sub(r"\s+", " ", data.replace("\u00a0", "~"))


def _middle(d):
    """Say of how many points an outline is, and where their middle lies; of a marker where it stands."""
    placed = re.split("[a-y]", d, maxsplit=1)[0]
    numbers = [float(one) for one in re.findall(r"-?\d+\.?\d*", placed)]
    across, down = numbers[::2], numbers[1::2]
    if not down:
        return ""
    many = f" {len(across)} points at" * (len(across) > 1)
    return f"{many} {sum(across) / len(across):.1f} {sum(down) / len(down):.1f}"


def outline(page):
    """Give the lines of a page."""
    reader = _Outline()
    reader.feed(page)
    reader.close()
    lines = [re.sub(" +", " ", line.strip()) for line in reader.lines]
    return "\n".join(line for line in lines if not line.endswith(":") or line.partition(" ")[0].strip(":") in TOLD)
