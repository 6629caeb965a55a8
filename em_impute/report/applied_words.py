"""What reports say of a saved model that was applied."""

from collections.abc import Iterator

from em_impute.report.fit_report import Section
from em_impute.report.tables import cell, table
from em_impute.report.words import number, percent
from em_impute.table.text import plural

__all__ = ["PREDICTOR_HEAD", "applied_lines", "applied_markdown", "origin", "predictor_rows", "sentences"]

PREDICTOR_HEAD = ["predictor", "moved", "PSI", "limit", "median then", "median here", "missing then", "missing here"]


def applied_lines(applied: Section) -> Iterator[tuple[str, str]]:
    """Say in a few lines what filled the column, and whether the rows are like those it was learnt from."""
    yield "model", origin(applied)
    yield "drift", _drift(applied["drift"])
    for name, which, score in (
        ("held out", "labels right when it was fitted", applied["held_out"]),
        ("here", "labels right that are known here", applied["tested"]),
    ):
        if score is not None:
            yield name, f"{_right(score)} {which}, {_losses(score)}"


def applied_markdown(applied: Section) -> Iterator[str]:
    """Write the section, line by line."""
    yield "## The saved model\n"
    for sentence in sentences(applied):
        yield cell(sentence) + "\n"
    rows = predictor_rows(applied["drift"])
    if rows:
        yield from table(PREDICTOR_HEAD, rows)


def origin(applied: Section) -> str:
    """Say where a model came from."""
    last, n_tables = applied["last"], applied["tables"]
    more = f" and {plural(n_tables - 1, 'table')} before" if n_tables > 1 else ""
    return f"{applied['path']}: {plural(applied['rows'], 'row')} of {last['name']}{more}, learnt {last['learnt']}"


def sentences(applied: Section) -> Iterator[str]:
    """Tell the same at more length."""
    yield f"Nothing was fitted here: the cells are filled by a saved model. {origin(applied)}."
    drift = applied["drift"]
    said = _drift(drift)
    yield f"Are the rows still like those that it learnt from? {said[:1].upper()}{said[1:]}."
    density = drift["log_density"]
    if density is not None:
        yield f"Mean log density of a row {number(density['now'])} here and {number(density['then'])} there."
    if applied["held_out"] is not None:
        score = applied["held_out"]
        yield f"When it was fitted, {_right(score)} labels held out were right, {_losses(score)}."
    if applied["tested"] is not None:
        score = applied["tested"]
        yield f"Of the labels that are known here it finds {_right(score)}, {_losses(score)}; it had not seen them."
    if applied["learns"]:
        yield "It has learnt from these rows too after they were filled."


def predictor_rows(drift: Section) -> list[list[str]]:
    """List how each predictor is distributed, here and where the model learnt."""
    return [
        [
            one["name"],
            "yes" if one["has_moved"] else "no" if one["psi"] is not None else "too few rows",
            number(one["psi"]),
            number(one["psi_limit"]),
            _median(one["then"]),
            _median(one["now"]),
            percent(one["missing"]["then"]),
            percent(one["missing"]["now"]),
        ]
        for one in drift["predictors"]
    ]


def _median(span: Section | None) -> str:
    return number(span["median"]) if span else ""


def _right(score: Section) -> str:
    return f"{percent(score['accuracy'])} of {score['rows']:,}"


def _losses(score: Section) -> str:
    return f"log-loss {number(score['log_loss'])} ({number(score['baseline_log_loss'])} for the labels' shares)"


def _drift(drift: Section) -> str:
    judged = [one for one in drift["predictors"] if one["psi"] is not None]
    if not judged:
        return "too few rows to tell"
    moved = [one for one in judged if one["has_moved"]]
    furthest = max(judged, key=lambda one: one["psi"] / one["psi_limit"])
    said = f"{len(moved):,} of {plural(len(judged), 'predictor')} moved"
    said += f" (furthest {furthest['name']}, PSI {number(furthest['psi'])}, limit {number(furthest['psi_limit'])})"
    far = drift["far"]
    if far["now"] is not None:
        said += f"; far from all that it knows {percent(far['now'])} of the rows, {percent(far['then'])} there"
    return said
