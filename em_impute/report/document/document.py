"""The document that a report makes: which sections there are, and in which order."""

from em_impute.report.document.accuracy import how_well_recovered, what_was_filled
from em_impute.report.document.blocks import Document, Name, Section, said
from em_impute.report.document.data import what_was_missing, who_is_missing
from em_impute.report.document.model import the_model, the_saved_model
from em_impute.report.document.summary import headline, tiles
from em_impute.report.document.totals import suspects, the_totals, what_if_not
from em_impute.report.document.usage import decisions, how_to_use, reproduction, write_methods
from em_impute.report.model.fit import FitReport

SECTIONS = (
    how_well_recovered,
    what_was_filled,
    the_totals,
    how_to_use,
    what_was_missing,
    who_is_missing,
    the_saved_model,
    the_model,
    what_if_not,
    suspects,
    write_methods,
    reproduction,
    decisions,
)
"""What a reader asks first stands first; each gives None where there is nothing to say."""


def document_of(report: FitReport) -> Document:
    """Say all that there is to say about one column."""
    sections: list[Section | None] = [make(report) for make in SECTIONS]
    return Document(
        said("{} in {}", Name(report.column), Name(file_name(report))),
        headline(report),
        tiles(report),
        report.warnings,
        [one for one in sections if one is not None],
    )


def file_name(report: FitReport) -> str:
    """Give the name of the file without its folders."""
    path: str = report.input.path
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2] or path
