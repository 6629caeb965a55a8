"""What reports say of a saved model that was applied."""

from collections.abc import Iterator

from em_impute.report.format import number, percent
from em_impute.report.model.saved_model import AppliedModel, DriftOfRows, PredictorThenNow
from em_impute.saved_model.values import Score
from em_impute.table.text import listed, plural

PREDICTOR_HEAD = ["predictor", "moved", "PSI (limit)", "median here (then)", "missing here (then)"]

PSI_MEANING = (
    "PSI, the population stability index, is 0 where a predictor is distributed as it was then. Beyond its limit it "
    "has moved by more than chance, and enough to matter."
)


def applied_lines(applied: AppliedModel) -> Iterator[tuple[str, str]]:
    """Say in a few lines what filled the column, and whether the rows are like those it was learnt from."""
    yield "model", origin(applied)
    yield "drift", _drift(applied.drift)
    for name, when, score in (
        ("held out", "right when it was fitted", applied.held_out),
        ("known here", "right", applied.tested),
    ):
        if score is not None:
            majority = percent(score.baseline_accuracy)
            yield name, f"{_right(score)} labels {when} (majority {majority}), {_losses(score)}"


def origin(applied: AppliedModel) -> str:
    """Say where a model came from."""
    last, n_tables = applied.last, applied.tables
    more = f" and {plural(n_tables - 1, 'table')} before" if n_tables > 1 else ""
    return f"{applied.path}: {plural(applied.rows, 'row')} of {last.name}{more}, learnt {last.learnt}"


def sentences(applied: AppliedModel, n_filled: int) -> Iterator[str]:
    """Tell the same at more length, a paragraph at a time."""
    learns = " It has learnt from these rows too after they were filled." if applied.learns else ""
    yield f"Nothing was fitted here: a saved model filled the cells. It is {origin(applied)}.{learns}"
    drift = applied.drift
    drifted = _drift(drift)
    said = f"Are the rows still like those that it learnt from? {drifted[:1].upper()}{drifted[1:]}."
    density = drift.log_density
    if density is not None:
        said += f" Mean log density of a row: {number(density.now)} here and {number(density.then)} there."
    if applied.lacking:
        said += f" Not in this table, and so missing in every row: {listed(applied.lacking)}."
    yield said
    right = []
    if applied.held_out is not None:
        score = applied.held_out
        right.append(f"When it was fitted, {_right(score)} labels held out were right, {_losses(score)}.")
    if applied.tested is not None:
        score = applied.tested
        right.append(f"Of the labels known here, which it had not seen, {_right(score)} were right, {_losses(score)}.")
    if right:
        yield " ".join(right)
    if n_filled:
        yield f"Wrong {'is' if n_filled == 1 else 'are'} {wrong_line(applied, n_filled)}."


def wrong_line(applied: AppliedModel, n_filled: int) -> str:
    """Say in one line how many fills are likely to be wrong."""
    elsewhere = _wrong_elsewhere(applied)
    beside = f"; it was wrong about {elsewhere}" if elsewhere else ""
    share = percent(applied.expected_wrong / n_filled)
    if n_filled == 1:
        return f"the one fill with a probability of {share}{beside}"
    return f"about {n_wrong(applied)} of {n_filled:,} ({share}) if its probabilities are right{beside}"


def n_wrong(applied: AppliedModel) -> str:
    """Say how many fills are wrong as far as the probabilities tell."""
    wrong = applied.expected_wrong
    return number(round(wrong)) if wrong >= 1.0 else f"{wrong:.1g}"


def moved(drift: DriftOfRows) -> tuple[list[PredictorThenNow], int]:
    """Give the predictors that have moved, the furthest first, and how many were judged."""
    judged = sorted((one for one in drift.predictors if one.psi is not None), key=_farness, reverse=True)
    return [one for one in judged if one.has_moved], len(judged)


def predictor_rows(drift: DriftOfRows) -> list[list[str]]:
    """List how each predictor is distributed, here and where the model learnt: those that have moved furthest first."""
    rows = []
    for one in sorted(drift.predictors, key=_farness, reverse=True):
        missing, is_judged = one.missing, one.psi is not None
        rows.append(
            [
                one.name,
                ("yes" if one.has_moved else "no") if is_judged else "too few rows",
                f"{one.psi:.2f} ({one.psi_limit:.2f})" if is_judged else number(None),
                _medians(one),
                f"{percent(missing.now)} ({percent(missing.then)})",
            ]
        )
    return rows


def _farness(one: PredictorThenNow) -> float:
    return one.psi / one.psi_limit if one.psi is not None and one.psi_limit else 0.0


def _medians(one: PredictorThenNow) -> str:
    """Write both medians; one that lies beyond all rows of the training is not known."""
    then, now = one.then, one.now
    if then is None:
        return ""
    here = "beyond" if now is not None and now.median is None else number(now.median if now else None)
    return f"{here} ({number(then.median)})"


def _wrong_elsewhere(applied: AppliedModel) -> str:
    """Say what share was wrong of labels that are known; nothing where none is."""
    said = [
        f"{percent(1.0 - score.accuracy)} of the labels {which}"
        for which, score in (("held out when it was fitted", applied.held_out), ("known here", applied.tested))
        if score is not None
    ]
    return " and ".join(said)


def _right(score: Score) -> str:
    return f"{percent(score.accuracy)} of {score.rows:,}"


def _losses(score: Score) -> str:
    return f"log-loss {number(score.log_loss)} ({number(score.baseline_log_loss)} for the labels' shares)"


def _drift(drift: DriftOfRows) -> str:
    found, n_judged = moved(drift)
    if not n_judged:
        return "too few rows to tell"
    said = f"{len(found):,} of {plural(n_judged, 'predictor')} moved"
    if found:
        first = found[0]
        furthest = "furthest " if len(found) > 1 else ""
        said += f" ({furthest}{first.name}: PSI {first.psi:.2f}, limit {first.psi_limit:.2f})"
    far = drift.far
    if far.now is not None:
        said += f"; {percent(far.now)} of the rows are far from all that it knows, {percent(far.then)} there"
    return said
