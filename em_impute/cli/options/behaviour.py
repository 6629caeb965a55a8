"""Options of how a run behaves, and of large tables: the panels "Behaviour" and "Large tables"."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, TypeAlias

import typer

from em_impute.cli.logging import VARIABLE
from em_impute.cli.options.groups import option

Backend = Literal["serial", "dask"]
"""Where parts are worked on."""


DEBUG = "Show the traceback of an error."


@dataclass(frozen=True, eq=False, repr=False)
class Behaviour:
    """What a run says, and what it does not let pass."""

    panel: ClassVar = "Behaviour"

    strict: bool = option("--strict", "End with 1 and write nothing where there is a warning (W01 …).")
    quiet: bool = option("-q, --quiet", "Say nothing on success.", envvar="EM_IMPUTE_QUIET")
    verbose: bool = option("-v, --verbose", "Say every decision.")
    no_advice: bool = option("--no-advice", "Leave out the note on columns about people (S01).")
    color: Literal["auto", "always", "never"] = option(
        "--color auto|always|never",
        "Colours on standard error; auto: on a terminal that wants them.",
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


Files: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FILE|-",
        rich_help_panel="Input",
        help="The CSV file, which may be compressed (gz, bz2, xz, zst), or the parts of one table: files, patterns, "
        "URLs; - or nothing reads standard input.",
    ),
]


@dataclass(frozen=True, eq=False, repr=False)
class Partitions:
    """How tables in parts, and those that are larger than memory, are worked on."""

    panel: ClassVar = "Large tables"

    backend: Backend | None = option(
        "--backend serial|dask",
        "Work on parts one after the other (serial), or by Dask with a process a processor (dask).",
    )
    scheduler: str | None = option(
        "--scheduler ADDRESS", "Let the Dask cluster with this scheduler do the work, as in tcp://10.0.0.1:8786."
    )
    workers: int | None = option("--workers N", "Processes of --backend dask. Default: one a processor.", min=1)
    max_memory: str | None = option(
        "--max-memory SIZE",
        "Read a table that needs more than SIZE (300M, 2G) again for every pass. Default: half the memory.",
    )
