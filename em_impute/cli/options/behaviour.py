"""Options of how a run behaves, and of large tables: the panels "Behaviour" and "Large tables"."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal, TypeAlias

import typer

from em_impute.cli.logging import VARIABLE
from em_impute.cli.options.groups import Group, option
from em_impute.errors import UsageError

Backend = Literal["serial", "dask"]
"""Where parts are worked on."""

DEBUG = "Show the traceback of an error."

JUDGING = ("strict", "fail_on", "min_accuracy")
"""Options by which something that is found stops the run."""


@dataclass(frozen=True, eq=False, repr=False)
class Behaviour(Group, panel="Behaviour"):
    """What a run says, and what it does not let pass."""

    strict: bool = option("--strict", "Write nothing and exit with 1 if there is a warning (W01 …).")
    fail_on: list[str] | None = option(
        "--fail-on CODES", "Do so only if it is one of these, as in W08,W26; repeatable."
    )
    min_accuracy: float | None = option(
        "--min-accuracy SHARE",
        "Do so if fewer hidden labels than this share are filled right, as in 0.8, or if none could be hidden.",
        min=0.0,
        max=1.0,
    )
    quiet: bool = option("-q, --quiet", "Print nothing on success but warnings.", envvar="EM_IMPUTE_QUIET")
    silent: bool = option("-qq, --silent", "Print nothing on success.")
    verbose: bool = option("-v, --verbose", "Print the report's sections, every decision among them.")
    no_advice: bool = option("--no-advice", "Leave out the note on columns about people (S01).")
    color: Literal["auto", "always", "never"] = option(
        "--color auto|always|never",
        "Colours on standard error; auto: on a terminal, unless NO_COLOR is set.",
        default="auto",
        envvar="EM_IMPUTE_COLOR",
    )
    no_progress: bool = option("--no-progress", "Show no progress bar on a terminal.")
    log_file: str | None = option(
        "--log-file PATH",
        "Append to PATH what was read, decided and written, and how the run ended; also with -q.",
        envvar=VARIABLE,
    )
    debug: bool = option("--debug", DEBUG)
    """Read by `main`, before a command runs, as is the path of the log."""

    @property
    def judges(self) -> bool:
        """Something that is found may stop the run."""
        return self.strict or bool(self.fail_on) or self.min_accuracy is not None


Files: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FILE|-",
        rich_help_panel="Input",
        help="The CSV file, which may be compressed (gz, bz2, xz, zst), or the parts of one table: files, "
        "patterns; with --each tables of their own; - or nothing reads standard input.",
    ),
]


@dataclass(frozen=True, eq=False, repr=False)
class Partitions(Group, panel="Several files and large tables"):
    """How several files, and tables that are larger than memory, are worked on."""

    each: bool = option("--each", "Fit each file by itself: they are tables of their own, not the parts of one.")

    backend: Backend | None = option(
        "--backend serial|dask",
        "Process parts one after the other (serial), or with Dask, one process per processor (dask).",
    )
    scheduler: str | None = option(
        "--scheduler ADDRESS", "Use the Dask cluster with this scheduler, as in tcp://10.0.0.1:8786."
    )
    workers: int | None = option(
        "--workers N",
        "Processes of --backend dask (default: one per processor) or of --each (default: 1).",
        min=1,
    )
    max_memory: str | None = option(
        "--max-memory SIZE",
        "Read a table that needs more than SIZE (300M, 2G) anew in every pass. Default: half the memory.",
    )

    @property
    def memory(self) -> int | None:
        """Bytes that the run may take; None is half of what there is.  Raises UsageError for what is no size."""
        if self.max_memory is None:
            return None
        from em_impute.pipeline.memory import parse_size

        return parse_size(self.max_memory)

    def checked(self) -> "Partitions":
        """Give the same, with the backend that a scheduler means.  Raises UsageError where options contradict."""
        if self.scheduler is not None and self.backend == "serial":
            raise UsageError("--scheduler contradicts --backend serial", "leave one of them out")
        if self.scheduler is not None and self.workers is not None:
            raise UsageError("--workers contradicts --scheduler, whose workers run already", "leave one of them out")
        backend = self.backend if self.scheduler is None else "dask"
        if self.workers is not None and backend != "dask" and not self.each:
            raise UsageError("--workers is for --backend dask or --each", "add one of them, or leave it out")
        return replace(self, backend=backend)
