"""The fit moving: which iterations are drawn, and how their frames become one animation."""

import io
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from em_impute.pipeline.explain import Explanation
from em_impute.report.pictures.fit_frame import draw_frame, make_scene

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = [
    "MAX_FRAMES",
    "chosen_iterations",
    "draw_frames",
    "frame_name",
    "to_gif",
]

MAX_FRAMES = 61
"""The start and sixty iterations."""

FIRST_FRAMES = 31
"""Of longer runs all of the first iterations are drawn, where most happens, and then as many spread over the rest."""

PER_FRAME, AT_START, AT_END = 350, 1200, 3500
"""Milliseconds."""

N_COLOURS = 64
WHITE = 255


def frame_name(place: int) -> str:
    """Name the file of a frame, from 0."""
    return f"em-{place:03d}.png"


def chosen_iterations(kept: Sequence[int]) -> list[int]:
    """Choose which iterations are drawn: all, or of many the first ones, the last, and some between."""
    if len(kept) <= MAX_FRAMES:
        return list(kept)
    places = np.linspace(FIRST_FRAMES, len(kept) - 1, MAX_FRAMES - FIRST_FRAMES).round().astype(int)
    return [*kept[:FIRST_FRAMES], *(kept[place] for place in places)]


def draw_frames(explanation: Explanation, tell: Callable[[float], None]) -> list[bytes]:
    """Draw the start and the iterations as PNG.  `tell` is told how much of it is done."""
    import matplotlib as mpl

    scene = make_scene(explanation, chosen_iterations(sorted(explanation.parameters)))
    frames = []
    for place, iteration in enumerate(scene.iterations):
        tell(place / len(scene.iterations))
        # A label is shown as it is: `$x$` is no formula.
        with mpl.rc_context({"text.parse_math": False, "text.usetex": False}), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph")  # the font has a box for it
            frames.append(draw_frame(scene, iteration))
    return frames


def to_gif(frames: Sequence[bytes]) -> bytes:
    """Join PNG frames to one animation that goes on forever and rests at its end; all share one palette."""
    from PIL import Image

    images = [Image.open(io.BytesIO(frame)).convert("RGB") for frame in frames]
    telling = [images[place] for place in sorted({0, len(images) // 3, len(images) - 1})]
    mosaic = Image.new("RGB", (images[0].width, images[0].height * len(telling)))
    for place, image in enumerate(telling):
        mosaic.paste(image, (0, place * image.height))
    palette = mosaic.quantize(N_COLOURS - 1)
    first, *others = [_quantized(image, palette) for image in images]
    durations = [PER_FRAME] * len(images)
    durations[0], durations[-1] = AT_START, AT_END
    written = io.BytesIO()
    first.save(written, "GIF", save_all=True, append_images=others, duration=durations, loop=0, optimize=False)
    return written.getvalue()


def _quantized(image: "Image", palette: "Image") -> "Image":
    """Bring an image down to the colours of a palette, and white, which no average of near colours may take."""
    from PIL.Image import Dither, fromarray

    place = np.array(image.quantize(palette=palette, dither=Dither.NONE))
    place[(np.asarray(image) == WHITE).all(axis=-1)] = N_COLOURS - 1
    colours = (palette.getpalette() or [])[: 3 * (N_COLOURS - 1)]
    result = fromarray(place)
    result.putpalette([*colours, *[0] * (3 * (N_COLOURS - 1) - len(colours)), *[WHITE] * 3])
    return result
