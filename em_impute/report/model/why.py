"""What `em-impute why --json` writes: why rows are filled as they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from em_impute.pipeline.reasons import RowReasons
from em_impute.report.model.shared import Head, Input, rendered


@dataclass(frozen=True, kw_only=True)
class WhyReport(Head):
    """What `em-impute why --json` says of some rows."""

    input: Annotated[Input, "The table that was read."]
    column: Annotated[str, "The column that is filled: its name, or its number where it has no name of its own."]
    rows: Annotated[Sequence[RowReasons], "The rows that were asked about."]

    def __str__(self) -> str:
        """Say it in words."""
        return rendered(self, ".txt")
