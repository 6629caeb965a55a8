"""The report of `em-impute fill`: what was missing, the model, the fit, and how right it is."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from em_impute.diagnostics.values import Audit, ChartData, Importance, Sensitivity
from em_impute.missingness.values import GroupOfRows, RowCounts
from em_impute.report.extra import can_write_pages
from em_impute.report.model import findings, shared
from em_impute.saved_model.values import Recovered
from em_impute.serialize.annotations import Count, MayLack, Positive, Share
from em_impute.serialize.classes import to_json
from em_impute.serialize.json_text import render

LEFT_EMPTY = (
    "Cells that were left as they were by the first reason that holds: `without_predictors`, in rows that show no "
    "predictor; `out_of_range`, in rows unlike labelled ones; `below_min_probability`, less probable than asked for."
)


@dataclass(frozen=True, kw_only=True)
class OutputFile:
    """A file."""

    path: Annotated[str, "Its path."]
    sha256: Annotated[str, "SHA-256 of its bytes."]
    bytes: Annotated[Count, "Its size in bytes."]


@dataclass(frozen=True, kw_only=True)
class Output(OutputFile):
    """The completed table."""

    path: Annotated[str | None, "Its path; null of standard output."]  # type: ignore[assignment]  # wider
    files: Annotated[Sequence[OutputFile], MayLack, "Every file where there are several, the first among them."] = ()


@dataclass(frozen=True, kw_only=True)
class Label(shared.KnownLabel):
    """A label."""

    filled: Annotated[Count, "Missing cells that were filled with it; with --imputations in the first table."]
    share_known: Annotated[Share | None, "Its share of the known cells; null where none is known."]
    share_expected: Annotated[Share, "Its expected share of all cells, each missing one counted by its probabilities."]


class MissingAndFilled(NamedTuple):
    """The missing cells, and what became of them."""

    cells: Annotated[Count, "How many there are."]
    filled: Annotated[Count, "How many of them were filled."]
    left_empty: Annotated[Mapping[str, Positive], LEFT_EMPTY]
    tokens: Annotated[Mapping[str, Count], shared.TOKENS]
    without_predictors: Annotated[Count, "Missing cells in rows that show no predictor, filled or not."]


class ProbabilityBand(NamedTuple):
    """A range of probabilities."""

    low: Annotated[Share, "Its lower end, which belongs to it."]
    high: Annotated[Share, "Its upper end, which belongs to the range above, 1 to this one."]
    cells: Annotated[Positive, "Filled cells in it."]
    labels: Annotated[shared.Counts, "These cells by the label that was filled."]


class FilledCells(NamedTuple):
    """How sure the fills are."""

    method: Annotated[Literal["map", "draw"], "How labels were chosen: the most probable, or drawn (--method)."]
    imputations: Annotated[Count, "Completed tables that were drawn (--imputations), this one first; 0 for one."]
    by_band: Annotated[Sequence[ProbabilityBand], "Filled cells by the probability of their label, if any, ascending."]
    least_certain: Annotated[Sequence[shared.LabelledCell], "The ten least probable fills, ascending."]


class Groups(NamedTuple):
    """The groups that --by divides the rows into."""

    column: Annotated[str, "The column that distinguishes them."]
    number: Annotated[Positive, "How many there are."]
    groups: Annotated[Sequence[GroupOfRows], "The first 1,000 of them."]


class Decision(NamedTuple):
    """A decision that was taken for the user."""

    step: Annotated[str, "When it was taken: read, labels, design, choose or fit."]
    action: Annotated[str, "What was decided, in words."]
    detail: Annotated[str, "How, in words."]


@dataclass(frozen=True, kw_only=True)
class PartFile(OutputFile):
    """A part, as it was read."""

    rows: Annotated[Count, "Rows of data."]
    compression: Annotated[str | None, "How it is compressed, as in `input`; null where it is not."]


class Parts(NamedTuple):
    """The files of a table that was read in parts."""

    rows_drawn: Annotated[RowCounts, "Rows that were drawn to learn from, or to compare with those of a saved model."]
    files: Annotated[Sequence[PartFile], "The parts, in their order."]


@dataclass(frozen=True, kw_only=True, repr=False)
class FitReport(shared.Head):
    """What `em-impute fill` says of a column that it completed.

    Its attributes are the keys of the JSON report, which `em-impute schema` explains.  Parameters and densities are in
    the data's own units.

    >>> import em_impute, pandas
    >>> people = pandas.DataFrame({"height": [160, 158, 163, 181, 179, 184, 182], "sex": [*"fffmmm", None]})
    >>> frame, report = em_impute.fill(people, column="sex", covariance="tied")
    >>> report
    <FitReport of column 'sex': 1 of 1 cells filled>
    >>> report.missing.filled, round(report.share_right, 2), report.scores[0][0]
    (1, 1.0, 'hidden known labels')
    >>> report.expected_wrong.low, report.expected_wrong.high
    (0.0, 1.0)
    >>> report.to_json().splitlines()[1]
    '  "schema_version": 1,'
    >>> report.to_html()[:15].lower(), report.plot()[:4]
    ('<!doctype html>', '<svg')
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "report.md"  # or .html, .json
    >>> report.save(path)
    >>> path.read_text().splitlines()[0]
    '# sex in the frame'

    """

    timings: shared.Seconds
    output: Annotated[Output | None, "The completed table; null where none was written (--diff)."]
    labels: Annotated[Sequence[Label], "The labels, in alphabetical order or as --labels names them."]
    missing: Annotated[MissingAndFilled, "The missing cells, and what became of them."]
    filled: Annotated[FilledCells | None, "How sure the fills are; null where no cell was filled."]
    features: Annotated[shared.Features, "The columns that were looked at."]
    model: Annotated[findings.LeadingMixture | None, "The mixture shown; null where nothing was fitted."] = None
    fit: Annotated[findings.Convergence | None, "How EM fitted the mixture shown; null where there is none."] = None
    selection: Annotated[findings.Selection | None, "How the model was chosen; null where nothing was fitted."] = None
    groups: Annotated[Groups | None, "The groups that --by divides the rows into; null without it."] = None
    accuracy: Annotated[findings.Accuracy | None, "How right hidden labels are found; null where none was."] = None
    totals: Annotated[findings.Totals, "Rows of each label in the completed column, counted in several ways."]
    missingness: Annotated[findings.Missingness | None, "Who is missing; null without rows of one kind."] = None
    sensitivity: Annotated[Sensitivity | None, "If the class decides who is missing; null without known labels."] = None
    suspect_labels: Annotated[Sequence[findings.SuspectLabel], "Known labels that look wrong, the first 1,000."] = ()
    audit: Annotated[Audit | None, "How known labels were judged; null where none could be."] = None
    marked: Annotated[findings.MarkedRows | None, "Weakly founded rows; null of parts, and without a fit."] = None
    log: Annotated[Sequence[Decision], "What was decided for the user, in the order of the stages."]
    warnings: Annotated[Sequence[shared.Notice], "What to know before relying on the result."]
    plain_em: Annotated[findings.BaselineEm | None, "Plain EM, to learn from; null where it cannot be fitted."] = None
    importance: Annotated[Sequence[Importance] | None, "What predictors are worth; null where not measured."] = None
    pictures: Annotated[ChartData | None, "What the charts of the page show; null where nothing was missing."] = None
    parts: Annotated[Parts | None, "The files of a table in parts; null of one that was read as a whole."] = None
    applied: Annotated[findings.AppliedModel | None, "The saved model that filled the column; else null."] = None

    @property
    def share_right(self) -> float | None:
        """The share of known labels that were filled right, 1 where nothing is missing; None where none was hidden."""
        if not self.missing.cells:
            return 1.0
        return self.scores[0][1].accuracy if self.scores else None

    @property
    def scores(self) -> list[tuple[str, findings.Accuracy | Recovered]]:
        """How right labels were found of which the model was not told: which ones, in words, and the score."""
        found: list[tuple[str, findings.Accuracy | Recovered | None]] = [("hidden known labels", self.accuracy)]
        if self.applied is not None:
            hidden = "labels hidden when the model was fitted"
            found = [("labels known here", self.applied.tested), (hidden, self.applied.held_out)]
        return [(which, score) for which, score in found if score is not None]

    @property
    def expected_wrong(self) -> findings.ExpectedWrong | None:
        """How many fills are likely to be wrong, by hidden labels or a saved model; None where nothing tells."""
        if self.applied is not None:
            return findings.ExpectedWrong(self.applied.expected_wrong)
        return None if self.accuracy is None else self.accuracy.expected_wrong

    def to_json(self) -> str:
        """Write the report as `em-impute fill` does: strict JSON, whose keys `em-impute schema` explains."""
        return render(to_json(self))

    def to_html(self) -> str:
        """Write the report as a page, which the extra `report` makes.  Raises UsageError without it."""
        return shared.rendered(self, ".html")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the report to a file, whole or not at all: a page (.html), Markdown (.md) or else JSON.

        Raises UsageError for a page without the extra `report`, OutputError where the file cannot be written.
        """
        from em_impute.table.output import write_atomically  # late: a schema needs no table

        write_atomically(path, [shared.rendered(self, Path(path).suffix).encode()], suffix="")

    def _repr_html_(self) -> str | None:
        """Show the page in a notebook, in a frame of its own; without the extra `report` there is none."""
        if not can_write_pages():
            return None
        page = escape(self.to_html())
        return f'<iframe srcdoc="{page}" style="width: 100%; height: 36em; border: 0"></iframe>'

    def plot(self) -> shared.Picture:
        """Draw the labels over the predictors, as the page does first: a picture that notebooks show.

        `str` of it is the SVG.
        """
        return shared.Picture(shared.rendered(self, ".svg"))

    def __str__(self) -> str:
        """Write the report as Markdown, for people."""
        return shared.rendered(self, ".md")

    def __repr__(self) -> str:
        """Say in a line what the report is about: all of it fills pages."""
        return f"<FitReport of column {self.column!r}: {self.missing.filled} of {self.missing.cells} cells filled>"
