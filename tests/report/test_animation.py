"""The fit moving: as many frames as there is to see, each in its place, and nothing in them acts."""

import io

import numpy as np
import pytest
from builders import csv_of, opened_table, silent

from em_impute.pipeline.explain import Showing, explain

pytest.importorskip("matplotlib")

from PIL import Image

from em_impute.report.charts.animation import draw_frames, to_gif  # only where it can be drawn

MOVING = Showing(steps=0, pictures=True)


def explained(folder, content, **options):
    with opened_table(folder, content, **options) as (opened, request):
        return explain(opened, request, MOVING, silent)


def mixed(n_features, labels=("a", "b"), *, names=None, n_rows=60, missing=0.0, seed=0):
    rng = np.random.default_rng(seed)
    code = rng.integers(0, len(labels), n_rows)
    cells = [labels[k] if rng.random() < 0.5 else None for k in code]
    x = rng.normal(size=(n_rows, n_features)) + 2.5 * code[:, None]
    columns = [[None if rng.random() < missing else round(v, 3) for v in column] for column in x.T]
    return csv_of(",".join(["g", *(names or [f"x{j}" for j in range(n_features)])]), cells, *columns)


def drawn(explanation):
    return draw_frames(explanation, lambda share: None)


def texts_of(monkeypatch, explanation):
    """All texts of the figures that are drawn."""
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    texts, draw = [], Figure.draw

    def keep(figure, renderer):
        texts.extend((one.get_text(), one.get_parse_math()) for one in figure.findobj(Text))
        draw(figure, renderer)

    monkeypatch.setattr(Figure, "draw", keep)
    drawn(explanation)
    return texts


def test_the_gif_has_a_frame_for_the_start_and_one_for_each_iteration_and_goes_on_forever(samples):
    content = (samples / "faithful.csv").read_bytes()
    told = explained(samples, content, column="kind", labels=("short", "long"))
    frames = drawn(told)
    written = to_gif(frames)
    with Image.open(io.BytesIO(written)) as gif:
        durations = []
        for place in range(gif.n_frames):
            gif.seek(place)
            durations.append(gif.info["duration"])

        assert gif.n_frames == len(frames) == told.n_iterations + 1
        assert gif.info["loop"] == 0
        assert gif.size[0] <= 800
        assert gif.size[1] <= 600
    assert durations[-1] == max(durations) > min(durations)
    assert len(written) < 1_500_000


@pytest.mark.parametrize("n_features", [1, 2])
def test_labels_and_columns_are_shown_literally(tmp_path, monkeypatch, n_features):
    labels, names = ("$x$", "<script>", "_hidden", "日本"), ["$y^2$", "_frac"][:n_features]
    told = explained(tmp_path, mixed(n_features, labels, names=names, n_rows=200), max_iter=1)
    texts = texts_of(monkeypatch, told)
    shown = {text for text, _ in texts}

    assert set(labels) <= shown
    assert set(names) <= shown
    assert not any(parses for text, parses in texts if "$" in text)
