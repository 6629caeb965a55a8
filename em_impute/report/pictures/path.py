"""The picture of EM at work: the log-likelihood from step to step, from every start."""

from collections.abc import Mapping, Sequence
from typing import Any

from em_impute.report.pictures.groups import Key, Picture
from em_impute.report.pictures.palette import INK, MUTED
from em_impute.report.pictures.scale import Scale, scale_over
from em_impute.report.pictures.sheet import Panel, Sheet

__all__ = ["path_picture"]

Section = Mapping[str, Any]

WIDTH, HEIGHT = 360.0, 260.0
TOP, RIGHT, BOTTOM = 30.0, 18.0, 46.0

FEWEST = 2
"""Points that a line takes."""

MAX_STARTS = 30
"""Paths that are drawn; what lies above each other shows no more."""


def path_picture(name: str, plain: Section | None) -> Picture | None:
    """Draw the paths of all starts, the best one strongest; None where EM took no step."""
    if not plain:
        return None
    best = _numbers(plain.get("path") or ())
    others = [_numbers(one) for one in (plain.get("starts") or ()) if list(one) != list(plain["path"])]
    others = [one for one in others if len(one) >= FEWEST][:MAX_STARTS]
    if len(best) < FEWEST:
        return None
    longest = max(len(one) for one in [best, *others])
    y = scale_over([value for one in [best, *others] for value in one], margin=0.05)
    left = 18.0 + 7.0 * max(len(said) for _, said in y.ticks(4))
    panel = Panel(
        Sheet(WIDTH, HEIGHT), left, TOP, WIDTH - left - RIGHT, HEIGHT - TOP - BOTTOM, Scale(0.0, longest - 1.0), y
    )
    panel.y_axis("log-likelihood")
    for i, one in enumerate(others):
        panel.line(range(len(one)), one, colour=MUTED, width=1.0, dash=(4.0, 2.0), name=f"start-{i + 1}")
    panel.line(range(len(best)), best, colour=INK, width=2.2, name="best")
    if len(best) <= longest // 2 + 30:
        places = panel.outline(range(len(best)), best)
        panel.sheet.markers(places[:, 0], places[:, 1], "o", colour=INK, size=4.5, name="steps")
    ticks = [(value, said) for value, said in panel.x.ticks(5) if float(value).is_integer()]
    panel.x_axis("step of EM", ticks=ticks)
    said = f"From {best[0]:,.4g} at the start to {best[-1]:,.6g} after {len(best) - 1} steps"
    svg = panel.sheet.svg(name, "Log-likelihood from step to step", f"{said}; {len(others)} other starts.")
    caption = "Each step makes the data more probable under the model: much at first, then hardly at all"
    caption += ". EM has converged." if plain.get("converged", True) else "; EM was stopped before it converged."
    if plain.get("prior_strength"):
        caption += (
            " Drawn is what EM climbs, the log-likelihood plus the logarithm of the prior, shifted so that it ends at "
            "the log-likelihood."
        )
    keys: tuple[Key, ...] = ()
    if others:
        caption += " Dashed: the other starts; where lines end at one height, they agree."
        keys = (Key("line", "best start"), Key("dashed", "other starts"))
    return Picture(name, svg, caption, keys)


def _numbers(path: Sequence[float | None]) -> list[float]:
    return [value for value in path if value is not None]
