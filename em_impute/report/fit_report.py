"""The fit report as a value: the keys of the JSON file, in its order."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["SCHEMA_VERSION", "FitReport", "Section", "to_json"]

SCHEMA_VERSION = 1
"""Changed only when a reader of the version before would misunderstand."""

Section = Mapping[str, Any]


@dataclass(frozen=True)
class FitReport:
    """Everything there is to say about one completed column.  Parameters and densities are in the data's own units.

    Its attributes are the keys of the JSON report, which `em-impute schema` explains.

    >>> import em_impute, pandas
    >>> people = pandas.DataFrame({"height": [160, 158, 163, 181, 179, 184, 182], "sex": [*"fffmmm", None]})
    >>> frame, report = em_impute.fill(people, column="sex", covariance="tied")
    >>> report
    <FitReport of column 'sex': 1 of 1 cells filled>
    >>> report.to_json().splitlines()[1]
    '  "schema_version": 1,'

    """

    schema_version: int
    tool: Section
    command: str
    created: str | None
    seed: int
    timings: Section | None
    input: Section
    output: Section | None
    column: str
    labels: tuple[Section, ...]
    missing: Section
    filled: Section | None
    features: Section
    model: Section | None
    fit: Section | None
    selection: Section | None
    groups: Section | None
    accuracy: Section | None
    totals: Section
    missingness: Section | None
    sensitivity: Section | None
    suspect_labels: tuple[Section, ...]
    audit: Section | None
    marked: Section | None
    log: tuple[Section, ...]
    warnings: tuple[Section, ...]
    plain_em: Section | None = None
    """EM in its plainest form, as a picture of what there is to learn."""
    pictures: Section | None = None
    """What the pictures of the HTML report show."""
    parts: Section | None = None
    """Of a table that was read in parts: its files, and from how many rows what was learnt."""
    applied: Section | None = None
    """Of a saved model that filled the column: where it came from, and whether the rows are still like its own."""

    def to_json(self) -> str:
        """Write the report as `em-impute fill` does: strict JSON, whose keys `em-impute schema` explains.

        >>> import em_impute, json, pandas
        >>> people = pandas.DataFrame({"height": [160, 158, 163, 181, 179, 184, 182], "sex": [*"fffmmm", None]})
        >>> report = em_impute.fill(people, column="sex", covariance="tied").report
        >>> json.loads(report.to_json())["fit"]["stop"]
        'converged'

        """
        return to_json(self)

    def __str__(self) -> str:
        """Write the report as Markdown, for people."""
        from em_impute.report.markdown import to_markdown

        return to_markdown(self)

    def __repr__(self) -> str:
        """Say in a line what the report is about: all of it fills pages."""
        return (
            f"<FitReport of column {self.column!r}: {self.missing['filled']} of {self.missing['cells']} cells filled>"
        )


def to_json(*reports: "DataclassInstance") -> str:
    """Write strict JSON: one report (of a fit or an evaluation) as an object, several as an object that lists them."""
    sections = [_finite(asdict(report)) for report in reports]
    whole = sections[0] if len(sections) == 1 else {"schema_version": SCHEMA_VERSION, "reports": sections}
    return json.dumps(whole, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:  # noqa: ANN401  # JSON values are of any type
    """Replace what JSON has no word for: NaN and infinity by null, broken characters by their escape."""
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()  # a path need not be text
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
