"""The small samples in a legend, drawn as the pictures are."""

import numpy as np
from matplotlib.markers import MarkerStyle
from matplotlib.transforms import Affine2D

from em_impute.report.pictures.groups import Key
from em_impute.report.pictures.palette import N_LABELS, label_dash, label_marker

__all__ = ["swatch"]

WIDTH, HEIGHT = 26, 14


def swatch(key: Key) -> str:
    """Draw the sample of one entry of a legend, an element for a page."""
    role = "ink" if key.k is None else f"label-{key.k}" if key.k < N_LABELS else "others"
    k = key.k or 0
    drawn = {
        "solid": f'<rect x="2" y="2" width="22" height="10" fill-opacity="0.4" class="f-{role} s-{role}"/>',
        "hatched": _hatched(role),
        "area": '<rect x="2" y="2" width="22" height="10" class="f-known s-muted"/>',
        "band": '<rect x="2" y="2" width="22" height="10" class="f-band s-grid"/>',
        "line": _line(role, label_dash(k) if key.k is not None else ()),
        "dashed": _line(role, (5.0, 3.0)),
        "filled": _marker(k, role, 13.0, filled=True),
        "hollow": _marker(k, role, 13.0, filled=False),
        "both": _marker(k, role, 7.0, filled=True) + _marker(k, role, 19.0, filled=False),
        "cross": '<path d="M10 4L16 10M10 10L16 4" stroke-width="1.3" class="s-muted"/>',
    }[key.kind]
    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} aria-hidden="true">{drawn}</svg>'


def _hatched(role: str) -> str:
    strokes = "".join(f"M{x} 12L{x + 8} 2" for x in (2, 6, 10, 14))
    box = f'<rect x="2" y="2" width="22" height="10" fill="none" class="s-{role}"/>'
    return f'{box}<path d="{strokes}" class="s-{role}"/>'


def _line(role: str, dash: tuple[float, ...]) -> str:
    dashes = f' stroke-dasharray="{",".join(f"{part:g}" for part in dash)}"' if dash else ""
    return f'<path d="M1 7L25 7" stroke-width="2.4"{dashes} class="s-{role}"/>'


def _marker(k: int, role: str, x: float, *, filled: bool) -> str:
    style = MarkerStyle(label_marker(k))
    path = style.get_path().transformed(style.get_transform() + Affine2D().scale(8.0, -8.0).translate(x, 7.0))
    corners = [f"{a:.1f} {b:.1f}" for a, b in np.asarray(path.to_polygons()[0]).tolist()]
    look = f'class="f-{role}"' if filled else f'fill="none" stroke-width="1.3" class="s-{role}"'
    return f'<path d="M{"L".join(corners)}z" {look}/>'
