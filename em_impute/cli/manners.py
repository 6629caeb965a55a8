"""How a run behaves: what it says, to whom, and what it does not let pass."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from em_impute.cli.logfile import Log
from em_impute.errors import EmImputeError, ExitCode

__all__ = ["Manners", "StrictError", "refuse_warnings"]


@dataclass(frozen=True)
class Manners:
    """How the run behaves."""

    log: Log = field(default_factory=Log)
    quiet: bool = False
    verbose: bool = False
    advice: bool = True
    color: str = "auto"
    progress: bool = True
    clobber: bool = True
    strict: bool = False

    @property
    def wants_findings(self) -> bool:
        """Somebody reads, or judges by, what can be said beyond the fills."""
        return not self.quiet or self.strict or self.log.is_open

    def open_console(self) -> Any:  # noqa: ANN401  # only the report knows rich
        """Open standard error for people; None if they are not to be told anything."""
        from em_impute.report.terminal import make_console

        return None if self.quiet else make_console(self.color)


class StrictError(EmImputeError):
    """There are warnings, and none are allowed."""

    exit_code = ExitCode.NEGATIVE


class _Warned(Protocol):
    """A report that may hold warnings."""

    @property
    def warnings(self) -> Sequence[Any]: ...


def refuse_warnings(reports: Sequence[_Warned]) -> None:
    """Raise `StrictError` if there is a warning; notes, whose codes begin with S, are none."""
    codes = sorted({one["code"] for report in reports for one in report.warnings if one["code"].startswith("W")})
    if codes:
        what = "warning" if len(codes) == 1 else "warnings"
        message = f"{what} {', '.join(codes)}: with --strict nothing is written"
        raise StrictError(message, "see to what is warned about, or leave --strict out")
