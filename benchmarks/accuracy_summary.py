"""The results of the accuracy benchmark in Markdown."""

import importlib.metadata
import platform
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import pandas as pd
import r_peers
from accuracy_cases import Settings

from em_impute.ensemble.metrics import N_BINS

OURS, SHARES = "em-impute", "class-shares"


def summary(results: pd.DataFrame, settings: Settings, seconds: float) -> Iterator[str]:
    """Write everything a reader wants to know, line by line."""
    yield from ("# How right the fills are", "", *preamble(results, settings, seconds))
    for regime in regimes_of(results):
        yield from ("", f"## {heading(regime)}", "", *method_table(results[results["regime"] == regime]))
    yield from ("", "## em-impute against the best single peer", "", *paired_table(results), "", *goals(results))
    for regime in regimes_of(results):
        yield from ("", f"### Each table: {heading(regime)}", "", *set_table(results[results["regime"] == regime]))
    yield from ("", "## Checks", "", *checks(results))


def regimes_of(results: pd.DataFrame) -> list[str]:
    """Name the regimes that were run, in their order."""
    return list(results["regime"].unique())


def heading(regime: str) -> str:
    """Say what a regime is."""
    other = {"five": "five labels a class known", "by class": "labels hidden at a rate that depends on the class"}
    return other.get(regime, f"{regime} of the labels hidden")


def preamble(results: pd.DataFrame, settings: Settings, seconds: float) -> Iterator[str]:
    """Say what was run, when, and with what."""
    versions = [f"Python {platform.python_version()}"]
    versions += [f"{name} {version(name)}" for name in ("numpy", "scipy", "pandas", "scikit-learn", "em-impute")]
    if {*settings.peers} & {*r_peers.NAMES}:
        versions += [f"{name} {number}" for name, number in r_peers.installed().items()]
    n_sets, n_cases = results["set"].nunique(), len(results.drop_duplicates(["set", "regime", "seed"]))
    yield f"- {datetime.now(UTC):%Y-%m-%d}, `python {' '.join(sys.argv)}`"
    yield f"- {', '.join(versions)}; {settings.jobs} processes of one thread, {seconds:.0f} s in all"
    counts = f"tables: {n_sets}, regimes: {len(settings.regimes)}, seeds: {settings.seeds}"
    yield f"- {n_cases} cases ({counts}); up to {settings.rows} rows each"
    yield "- all methods are given all predictors; the peers are at the defaults of their packages"
    if settings.left_out:
        yield f"- not installed, left out: {', '.join(settings.left_out)}"
    yield f"- log-loss in nats, clipped at 1e-6; ECE over {N_BINS} bins of equal size, positive by chance alone if few"
    yield "  rows are hidden; ranks among all methods of a case, 1 the best; ± is one paired standard error over tables"


def version(name: str) -> str:
    """Find the version of an installed package."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def method_table(results: pd.DataFrame) -> Iterator[str]:
    """Compare the methods in the mean over tables and seeds, best log-loss first."""
    scores = ["accuracy", "log_loss", "brier", "ece", "rank", "rank_accuracy", "seconds"]
    by_method = results.groupby("method")
    mean = by_method[scores].mean().assign(failed=by_method["failed"].sum()).sort_values("log_loss", kind="stable")
    yield from header("method", "accuracy", "log-loss", "Brier", "ECE", "rank", "rank (accuracy)", "seconds", "failed")
    for method, row in mean.iterrows():
        numbers = [f"{row[name]:.3f}" for name in scores[:4]] + [f"{row[name]:.1f}" for name in scores[4:6]]
        yield line(method, *numbers, f"{row['seconds']:.3f}", f"{row['failed']:.0f}")


def paired_table(results: pd.DataFrame) -> Iterator[str]:
    """Compare em-impute with the peer that is best in the mean of a regime."""
    yield from header("regime", "score", "best peer", "em-impute", "peer", "difference", "relative", "tables better")
    for regime in regimes_of(results):
        for score in ("accuracy", "log_loss"):
            pair = paired(results[results["regime"] == regime], score)
            better = int((pair.difference > 0.0).sum() if score == "accuracy" else (pair.difference < 0.0).sum())
            yield line(
                regime,
                score.replace("_", "-"),
                pair.peer,
                f"{pair.ours.mean():.3f}",
                f"{pair.theirs.mean():.3f}",
                f"{pair.difference.mean():+.3f} ± {pair.difference.sem():.3f}",
                f"{100 * (pair.ratio - 1.0):+.1f} ± {100 * pair.ratio_error:.1f} %",
                f"{better} of {pair.difference.size}",
            )


class Paired(NamedTuple):
    """em-impute and the peer that is best in the mean, a value for each table."""

    peer: str
    ours: pd.Series
    theirs: pd.Series

    @property
    def difference(self) -> pd.Series:
        """What em-impute is above the peer."""
        return self.ours - self.theirs

    @property
    def ratio(self) -> float:
        """The mean of em-impute over the mean of the peer."""
        return float(self.ours.mean() / self.theirs.mean())

    @property
    def ratio_error(self) -> float:
        """Standard error of the ratio: that of a ratio of two means (Cochran 1977, section 2.11)."""
        return float((self.ours - self.ratio * self.theirs).sem() / self.theirs.mean())


def paired(results: pd.DataFrame, score: str) -> Paired:
    """Find the best peer and set it beside em-impute."""
    return paired_with(results, score, best_peer(pivot(results, score), score))


def paired_with(results: pd.DataFrame, score: str, peer: str) -> Paired:
    """Set a peer beside em-impute."""
    table = pivot(results, score)
    return Paired(peer, table[OURS], table[peer])


def goals(results: pd.DataFrame) -> Iterator[str]:
    """Say in a line for each regime how far em-impute is ahead."""
    for regime in regimes_of(results):
        rows = results[results["regime"] == regime]
        loss, right = paired(rows, "log_loss"), paired(rows, "accuracy")
        yield (
            f"- goal, {regime}: log-loss {100 * (loss.ratio - 1.0):+.1f} ± {100 * loss.ratio_error:.1f} % against "
            f"{loss.peer}, accuracy {right.difference.mean():+.3f} ± {right.difference.sem():.3f} against {right.peer}"
        )


def set_table(results: pd.DataFrame) -> Iterator[str]:
    """Compare em-impute on each table with the best peer in the mean, and with the best of that table in hindsight.

    Brier score and calibration error are em-impute's.
    """
    accuracy, loss = pivot(results, "accuracy"), pivot(results, "log_loss")
    brier, ece = pivot(results, "brier"), pivot(results, "ece")
    right, sure = best_peer(accuracy, "accuracy"), best_peer(loss, "log_loss")
    yield from header(
        "table",
        *("accuracy", right, "difference"),
        *("log-loss", sure, "difference"),
        *("best in hindsight", "log-loss", SHARES),
        *("Brier", "ECE"),
    )
    for name in results["set"].unique():
        a, b = accuracy.loc[name], loss.loc[name]
        hindsight = b.drop(index=[OURS, *([SHARES] if b.size > 2 else [])]).idxmin()
        yield line(
            name,
            *(f"{a[OURS]:.3f}", f"{a[right]:.3f}", f"{a[OURS] - a[right]:+.3f}"),
            *(f"{b[OURS]:.3f}", f"{b[sure]:.3f}", f"{b[OURS] - b[sure]:+.3f}"),
            *(hindsight, f"{b[hindsight]:.3f}", f"{b[SHARES]:.3f}"),
            *(f"{brier.loc[name, OURS]:.3f}", f"{ece.loc[name, OURS]:.3f}"),
        )


def pivot(results: pd.DataFrame, score: str) -> pd.DataFrame:
    """Average a score over the seeds: a row for each table, a column for each method."""
    return results.pivot_table(index="set", columns="method", values=score, aggfunc="mean")


def best_peer(table: pd.DataFrame, score: str) -> str:
    """Find the peer that is best in the mean over the tables; the class shares are one only if there is no other."""
    mean = table.mean().drop(index=[OURS, *([SHARES] if table.shape[1] > 2 else [])])
    return str(mean.idxmax() if score == "accuracy" else mean.idxmin())


def checks(results: pd.DataFrame) -> Iterator[str]:
    """Say where em-impute is behind the class shares, how true its promises were, and what went wrong."""
    ours = results[results["method"] == OURS]
    for regime in regimes_of(results):
        yield behind_shares(ours[ours["regime"] == regime], regime)
    for regime in regimes_of(results):
        verdict = ours.loc[ours["regime"] == regime, "unlabelled_rows"].replace("", "not judged").value_counts()
        said = ", ".join(f"{name} {number}" for name, number in verdict.items())
        yield f"- {regime}: the unlabelled rows, by the report: {said} (of {verdict.sum()} cases)"
    for regime, rows in ours.dropna(subset=["promised"]).groupby("regime", sort=False):
        surplus = rows["promised"].astype(float) - rows["accuracy"]
        yield (
            f"- {regime}: promised accuracy − accuracy {surplus.mean():+.3f} in the mean, "
            f"{surplus.abs().mean():.3f} in absolute value ({rows.shape[0]} cases)"
        )
    yield f"- em-impute failed in {ours['failed'].sum()} of {len(ours)} runs"
    for note, rows in ours[ours["notes"] != ""].groupby("notes", sort=False):
        cases = [f"{row.set} {row.regime} {row.seed}" for row in rows.itertuples()]
        more = f" and {len(cases) - 3} more" if len(cases) > 3 else ""
        yield f"- em-impute: {note} ({', '.join(cases[:3])}{more})"
    for method, rows in results[results["failed"] & (results["method"] != OURS)].groupby("method", sort=False):
        yield f"- {method} failed in {len(rows)} of {len(ours)} cases, first with {rows['notes'].iloc[0]}"


def behind_shares(ours: pd.DataFrame, regime: str) -> str:
    """Say where em-impute is behind the class shares, and where by more than two standard errors over the hidden rows.

    The seeds of a table share rows, so they are taken as one sample: its error is the mean error of a seed.
    """
    table = ours.groupby("set", sort=False)[["excess", "excess_se"]].mean()
    behind = table[table["excess"] > 0.0]
    n_far = int((table["excess"] > 2.0 * table["excess_se"]).sum())
    n_cases = int((ours["excess"] > 2.0 * ours["excess_se"]).sum())
    names = ", ".join(f"{row.Index} {row.excess:+.3f} ± {row.excess_se:.3f}" for row in behind.itertuples())
    return (
        f"- {regime}: log-loss above that of the class shares on {len(behind)} of {len(table)} tables, by more than "
        f"two standard errors on {n_far} (and in {n_cases} of {len(ours)} cases){': ' if names else ''}{names}"
    )


def header(*names: str) -> tuple[str, str]:
    """Begin a table."""
    return line(*names), line("---", *["---:"] * (len(names) - 1))


def line(*cells: object) -> str:
    """Write a row of a table."""
    return f"| {' | '.join(str(cell) for cell in cells)} |"
