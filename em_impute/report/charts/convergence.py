"""The chart of EM at work: the log-likelihood from step to step, from every start."""

from collections.abc import Sequence

from em_impute.report.charts.axes import Panel, Scale, room_for, scale_over
from em_impute.report.charts.groups import Chart, Key
from em_impute.report.charts.svg import SMALL, Drawing
from em_impute.report.model.mixture import BaselineEm

FEWEST = 2
"""Points that a line takes."""

MAX_STARTS = 30
"""Paths that are drawn; what lies above each other shows no more."""


def convergence_chart(name: str, plain: BaselineEm | None) -> Chart | None:
    """Draw the paths of all starts of plain EM, the best one strongest; None where EM took no step."""
    best, *others = [_numbers(one) for one in [plain.path, *plain.starts]] if plain else [[]]
    others = [one for one in others if one != best and len(one) >= FEWEST][:MAX_STARTS]
    if plain is None or len(best) < FEWEST:
        return None
    y = scale_over([value for one in [best, *others] for value in one], margin=0.05)
    x = Scale(0.0, max(map(len, [best, *others])) - 1.0)
    drawing = Drawing(name, SMALL, 260.0)
    panel = Panel(drawing, room_for(drawing, y.ticks()), 30.0, SMALL - 18.0, 218.0, x, y)
    panel.y_axis("log-likelihood")
    for i, one in enumerate(others):
        panel.line(range(len(one)), one, "muted", width=1.0, dash=(4.0, 2.0), name=f"start-{i + 1}")
    panel.line(range(len(best)), best, "ink", width=2.2, name="best")
    panel.x_axis("step of EM", [(value, text) for value, text in x.ticks() if value.is_integer()])
    ends = f"From {best[0]:,.4g} at the start to {best[-1]:,.6g} after {len(best) - 1} steps"
    svg = drawing.svg("Log-likelihood from step to step", f"{ends}; {len(others)} other starts.")
    caption = "Each step makes the data more probable under the model, the first ones most"
    caption += ". EM has converged." if plain.converged else "; EM was stopped before it converged."
    if plain.prior_strength:
        caption += " EM maximises the log-likelihood plus the log prior; the curve is that sum, shifted to end at the"
        caption += " log-likelihood."
    if not others:
        return Chart(name, svg, caption)
    caption += " Dashed: the other starts; lines that end at the same height agree."
    return Chart(name, svg, caption, (Key("line", "best start"), Key("dashed", "other starts")))


def _numbers(path: Sequence[float | None] | None) -> list[float]:
    return [value for value in path or () if value is not None]
