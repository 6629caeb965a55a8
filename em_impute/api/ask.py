"""Questions about a frame: what is missing, how right fills would be, how EM goes, why a row is filled so."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from operator import index
from typing import Any, Unpack

import pandas as pd

from em_impute.api.arguments import ModelOptions, in_python, parameter, refuse_unknown, written_call
from em_impute.api.check import Finding, check_table, findings
from em_impute.api.fill import opened_frame
from em_impute.api.session import Completed, unwatched
from em_impute.errors import spelled
from em_impute.missingness.how_missing import How
from em_impute.pipeline.complete import complete_all
from em_impute.pipeline.evaluate import evaluate_all, hiding_of
from em_impute.pipeline.explain import Showing
from em_impute.pipeline.explain import explain as follow
from em_impute.report.build.asked import build_evaluation, build_explanation
from em_impute.report.model.asked import EvaluationReport, ExplanationReport, WhyReport

FIRST_LINE = 2
"""Line of the first row of a frame."""


@in_python()
def check(
    frame: pd.DataFrame, column: Hashable | list[Hashable] = None, **options: Unpack[ModelOptions]
) -> list[Finding]:
    """Say what is missing, what looks like a missing mark and what a fit would use; None asks of all columns with gaps.

    Returns (name, text, is_doubtful) for each finding.  Options and errors are those of `em_impute.fill`.

    >>> import em_impute, pandas
    >>> people = pandas.DataFrame({"height": [160, 158, 181, 183, 182], "sex": [*"ffmm", None]})
    >>> for name, text, _ in em_impute.check(people):
    ...     print(name, "-", text)
    column - sex: 4 known, 1 missing (1 empty)
    labels - f 2, m 2
    predictors - height: number

    """
    refuse_unknown("check", options, ModelOptions)
    opened, request, _ = opened_frame(frame, column, options, may_be_all=True)
    return [*findings(check_table(opened, request, lambda text: spelled(text, parameter)))]


@in_python()
def evaluate(
    frame: pd.DataFrame,
    column: Hashable | list[Hashable],
    *,
    hide: float = 0.2,
    how: How | None = None,
    hide_label: Mapping[Any, float] | None = None,
    repeats: int = 5,
    **options: Unpack[ModelOptions],
) -> tuple[EvaluationReport, ...]:
    """Say how right fills would be, as `em-impute evaluate` does: hide known labels, fill them, compare, and repeat.

    Returns a report for each column.  Options and errors are those of `em_impute.fill`.

    >>> import em_impute, pandas
    >>> heights = [*range(150, 170), *range(170, 190), 150, 189]
    >>> people = pandas.DataFrame({"height": heights, "sex": [*"f" * 20, *"m" * 20, None, None]})
    >>> (report,) = em_impute.evaluate(people, "sex", repeats=2, covariance="tied")
    >>> report, report.figures.em_impute.accuracy > 0.7
    (<EvaluationReport of column 'sex'>, True)

    """
    refuse_unknown("evaluate", options, ModelOptions)
    of_label = tuple((str(label), float(share)) for label, share in (hide_label or {}).items())
    hiding = hiding_of(hide, how, of_label, repeats)
    opened, request, _ = opened_frame(frame, column, options)
    call = written_call("evaluate", column, options)
    made = evaluate_all(opened, request, hiding, unwatched)
    return tuple(build_evaluation(opened, one, request, call) for one in made)


@in_python()
def explain(
    frame: pd.DataFrame,
    column: Hashable,
    *,
    rows: int | Sequence[int] = (),
    steps: int | None = 3,
    **options: Unpack[ModelOptions],
) -> ExplanationReport:
    """Follow plain EM on a column step by step, as `em-impute explain` does.

    `rows` are positions in the frame of rows to follow, `steps` the iterations told in full (None: all).  Options and
    errors are those of `em_impute.fill`.

    >>> import em_impute, pandas
    >>> people = pandas.DataFrame({"height": [160, 158, 163, 181, 179, 184, 170], "sex": [*"fffmmm", None]})
    >>> em_impute.explain(people, "sex", rows=6).stop.reason
    'converged'

    """
    refuse_unknown("explain", options, ModelOptions)
    opened, request, _ = opened_frame(frame, [column], options)
    explanation = follow(opened, request, Showing(lines=_lines(rows), steps=steps), unwatched)
    return build_explanation(opened, explanation, request, written_call("explain", column, options))


@in_python()
def why(frame: pd.DataFrame, column: Hashable, rows: int | Sequence[int], **options: Unpack[ModelOptions]) -> WhyReport:
    """Say why rows are filled as they are, as `em-impute why` does; `print` says it in words.

    `rows` are positions in the frame; options and errors are those of `em_impute.fill`.

    >>> import em_impute, pandas
    >>> people = pandas.DataFrame({"height": [160, 158, 163, 181, 179, 184, 175], "sex": [*"fffmmm", None]})
    >>> (row,) = em_impute.why(people, "sex", 6, covariance="tied").rows
    >>> row.label, round(row.base_log_odds + sum(one.log_odds for one in row.contributions) - row.log_odds, 9)
    ('m', 0.0)

    """
    refuse_unknown("why", options, ModelOptions)
    opened, request, _ = opened_frame(frame, [column], options, keeps_model=True)
    done = Completed(opened, complete_all(opened, request, unwatched), request)
    return done.why(_lines(rows), written_call("why", column, options))


def _lines(rows: int | Sequence[int]) -> tuple[int, ...]:
    """Give the lines of rows of a frame.  Raises TypeError for what is no position."""
    return tuple(index(row) + FIRST_LINE for row in (rows if isinstance(rows, Iterable) else [rows]))
