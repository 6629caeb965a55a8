"""The options for tables in parts, and for those that are larger than memory."""

from enum import StrEnum
from typing import Annotated, TypeAlias

import typer

from em_impute.cli.options.reading import INPUT

__all__ = ["Backend", "BackendName", "Files", "MaxMemory", "Scheduler", "Workers"]

SCALE = "Large tables"


class BackendName(StrEnum):
    """Where the parts are worked on."""

    serial = "serial"
    dask = "dask"


Files: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FILE|-",
        rich_help_panel=INPUT,
        show_default=False,
        help="The CSV file, which may be compressed (gz, bz2, xz, zst), or the parts of one table: files, patterns, "
        "URLs; - or nothing reads standard input.",
    ),
]
Backend: TypeAlias = Annotated[
    BackendName | None,
    typer.Option(
        "--backend",
        metavar="serial|dask",
        rich_help_panel=SCALE,
        show_default=False,
        help="Work on parts one after the other (serial), or by Dask with a process a processor (dask).",
    ),
]
Scheduler: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS",
        rich_help_panel=SCALE,
        show_default=False,
        help="Let the Dask cluster with this scheduler do the work, as in tcp://10.0.0.1:8786.",
    ),
]
Workers: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--workers",
        min=1,
        metavar="N",
        rich_help_panel=SCALE,
        show_default=False,
        help="Processes of --backend dask. Default: one a processor.",
    ),
]
MaxMemory: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--max-memory",
        metavar="SIZE",
        rich_help_panel=SCALE,
        show_default=False,
        help="Read a table that needs more than SIZE (300M, 2G) again for every pass. Default: half the memory.",
    ),
]
