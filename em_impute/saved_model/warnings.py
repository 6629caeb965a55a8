"""What a user should know of a new file before trusting the fills of a saved model, in words."""

from collections.abc import Iterator

from em_impute.saved_model.distributions import NumberDistribution
from em_impute.saved_model.drift import Drift, PredictorDrift, Share
from em_impute.saved_model.psi import Index
from em_impute.table.text import listed, plural, shown


def drift_warnings(drift: Drift) -> list[tuple[str, str]]:
    """List what has changed since training: (code, message).  No text of a predictor is quoted."""
    return [*_of_texts(drift), *_of_predictors(drift), *_of_rows(drift), *_of_labels(drift)]


def _of_texts(drift: Drift) -> Iterator[tuple[str, str]]:
    new = [
        f"{shown(one.name)} in {plural(one.unseen.rows, 'row')} ({_percent(one.unseen.share)})"
        for one in drift.predictors
        if one.unseen
    ]
    if new:
        yield "W25", f"Texts that the model has never seen count as missing: {listed(new, separator='; ')}."


def _of_predictors(drift: Drift) -> Iterator[tuple[str, str]]:
    moved = [
        (shown(one.name), f"population stability index {_index(one.psi)}{_moved(one)}")
        for one in drift.predictors
        if one.psi is not None and one.psi.is_drift
    ]
    if moved:
        (name, by), *others = moved
        said = f"The distribution of {name} has shifted since training. {by.capitalize()}."
        if others:
            which = listed([": ".join(one) for one in moved], separator="; ")
            said = f"The distributions of {len(moved)} predictors have shifted since training. {which}."
        yield "W26", f"{said} The fills may be less accurate than the fit report says."
    missing = [f"{shown(one.name)} {_then_now(one.missing)}" for one in drift.predictors if one.missing.is_more]
    if missing:
        yield "W26", f"Missing more often than in training: {listed(missing, separator='; ')}."


def _of_rows(drift: Drift) -> Iterator[tuple[str, str]]:
    if drift.far.is_more:
        far = _then_now(drift.far)
        hint = "Hardly any training row was like them: check them before you use their fills."
        yield "W27", f"More rows than in training are far from every component of the model: {far}. {hint}"
    density = drift.density
    if density is not None and density.is_lower:
        means = f"mean log density {_number(density.now)} now, {_number(density.then)} then"
        by = f" ({_number((density.then - density.now) / density.sd)} standard deviations)" if density.sd else ""
        yield "W28", f"Rows are less typical of the model than in training: {means}{by}."


def _of_labels(drift: Drift) -> Iterator[tuple[str, str]]:
    if drift.labels is None or not drift.labels.psi.is_drift:
        return
    shares = sorted(drift.labels.shares.items(), key=lambda one: -abs(one[1][1] - one[1][0]))
    named = [f"{shown(label)} {_percent(now)} now, {_percent(then)} then" for label, (then, now) in shares]
    index = f"population stability index {_index(drift.labels.psi)}"
    hint = "The model fills by the training shares."
    yield "W29", f"The label shares have shifted since training: {listed(named, separator='; ')}; {index}. {hint}"


def _moved(one: PredictorDrift) -> str:
    if one.then is None or one.now is None:
        return ""
    if one.now.median is not None and one.then.median is not None:
        return f", median {_number(one.now.median)} now, {_number(one.then.median)} then"
    return f", {_where(one.now)} now, {_where(one.then)} then"


def _where(span: NumberDistribution) -> str:
    if span.median is None:
        return f"from {_number(span.lowest)} to {_number(span.highest)}"
    return f"median {_number(span.median)}"


def _then_now(share: Share) -> str:
    return f"{_percent(share.now or 0.0)} now, {_percent(share.then or 0.0)} then"


def _index(psi: Index) -> str:
    return f"{_number(psi.value)} (limit {_number(psi.limit)})"


def _number(value: float) -> str:
    return f"{value:,.4g}"


def _percent(share: float) -> str:
    return f"{100.0 * share:.1f} %"
