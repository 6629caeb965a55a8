"""Draw the pictures of the documents.

    python docs/pictures.py [FOLDER]

Most are frames of `em-impute explain --animate`, in fewer colours so that they stay small.  The same versions of the
packages draw the same bytes.
"""  # noqa: INP001  # a script, no package

import csv
import io
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageSequence

from em_impute.report.charts.looks import COLOURS, label_colour

DOCS = Path(__file__).parent
SAMPLES = DOCS.parent / "sample_data"
N_COLOURS = 128
PAPER, INK, MUTED, GRID, KNOWN = (COLOURS[name].light for name in ("paper", "ink", "muted", "grid", "known"))


def first_guess() -> bytes:
    """Draw the known heights of girls and boys, the lost ones, and the threshold in the middle."""
    with (SAMPLES / "heights.csv").open(encoding="utf-8", newline="") as file:
        people = [(row["gender"], float(row["height"])) for row in csv.DictReader(file)]
    groups = [[height for gender, height in people if gender == one] for one in ("female", "male", "")]
    middle = sum(sum(group) / len(group) for group in groups[:2]) / 2
    figure = Figure(figsize=(8.0, 3.4), dpi=100, facecolor=PAPER)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.07, 0.15, 0.9, 0.72))
    edges = [140 + 2.54 * step for step in range(26)]  # an inch each, as Galton measured
    style = {"bins": edges, "histtype": "stepfilled", "linewidth": 1.5}
    for group, code, name in zip(groups, (0, 1), ("girls", "boys"), strict=False):
        axes.hist(group, color=label_colour(code), alpha=0.45, label=name, edgecolor=label_colour(code), **style)
    axes.hist(groups[2], bins=edges, histtype="step", color=MUTED, linestyle="--", label="gender lost")
    axes.axvline(middle, color=INK, linewidth=2)
    axes.annotate(f"{middle:.1f} cm", (middle, 1.02), xycoords=("data", "axes fraction"), ha="center", color=INK)
    axes.set_xlabel("height in cm", color=INK)
    axes.set_ylabel("children", color=INK)
    axes.legend(frameon=False, labelcolor=INK)
    axes.grid(visible=True, color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(colors=MUTED, length=0)
    for side, spine in axes.spines.items():
        spine.set_visible(side in {"left", "bottom"})
        spine.set_color(KNOWN)
    written = io.BytesIO()
    figure.savefig(written, format="png", metadata={"Software": None})
    return _to_png(Image.open(written))


def heights_em() -> bytes:
    """Draw the heights after EM."""
    frames = _frames("heights.csv", "-c", "gender")
    return _to_png(frames[-1])


def no_labels() -> bytes:
    """Draw the start and the end of EM on heights without any gender."""
    frames = _frames("heights.csv", "-c", "gender", "--labels", "female,male", forgotten=("female", "male"))
    return _to_png(_grid([frames[0], frames[-1]]))


def penguins_plane() -> bytes:
    """Draw one Gaussian a sex over three species."""
    frames = _frames("penguins.csv", "-c", "sex", "-x", "bill_depth_mm", "-x", "body_mass_g")
    return _to_png(frames[-1])


def faithful_steps() -> bytes:
    """Draw four stages of EM on Old Faithful."""
    frames = _frames("faithful.csv", "-c", "kind", "--labels", "short,long")
    return _to_png(_grid([frames[0], frames[2], frames[5], frames[-1]]))


def faithful_gif() -> bytes:
    """Animate EM on Old Faithful."""
    return _animation("faithful.csv", "-c", "kind", "--labels", "short,long")


PICTURES = {
    "first-guess.png": first_guess,
    "heights-em.png": heights_em,
    "no-labels.png": no_labels,
    "penguins-plane.png": penguins_plane,
    "faithful-steps.png": faithful_steps,
    "faithful.gif": faithful_gif,
}
"""By the name of the file."""


def _frames(name: str, *options: str, forgotten: Sequence[str] = ()) -> list[Image.Image]:
    """Take the frames of an animation apart."""
    with Image.open(io.BytesIO(_animation(name, *options, forgotten=forgotten))) as gif:
        return [frame.convert("RGB") for frame in ImageSequence.Iterator(gif)]


def _animation(name: str, *options: str, forgotten: Sequence[str] = ()) -> bytes:
    """Let `em-impute explain` animate a sample, from which some labels may be left out first."""
    text = (SAMPLES / name).read_text(encoding="utf-8")
    for label in forgotten:
        text = text.replace(f",{label},", ",,")
    with tempfile.TemporaryDirectory() as scratch:
        source, path = Path(scratch) / name, Path(scratch) / "em.gif"
        source.write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "em_impute", "explain", str(source), *options, "--animate", str(path), "-q"]
        subprocess.run(command, check=True)  # noqa: S603  # our own command
        return path.read_bytes()


def _grid(frames: Sequence[Image.Image]) -> Image.Image:
    """Put frames into two columns, at three quarters of their size."""
    width, height = (3 * side // 4 for side in frames[0].size)
    sheet = Image.new("RGB", (2 * width, (len(frames) + 1) // 2 * height), PAPER)
    for place, frame in enumerate(frames):
        small = frame.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
        sheet.paste(small, (place % 2 * width, place // 2 * height))
    return sheet


def _to_png(image: Image.Image) -> bytes:
    """Write a picture in few colours."""
    written = io.BytesIO()
    image.convert("RGB").quantize(N_COLOURS, dither=Image.Dither.NONE).save(written, "PNG", optimize=True)
    return written.getvalue()


def main(folder: Path) -> None:
    """Draw all pictures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in PICTURES.items():
        drawn = draw()
        (folder / name).write_bytes(drawn)
        print(f"{folder / name}: {len(drawn):,} bytes")  # noqa: T201  # a script tells what it does


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS / "images")
