"""Look for bytes that the scanner reads otherwise than the machine of `table/oracle_csv.py`, led by coverage.

A script, which needs a package that the project does not ask for.  From the root of the repository, for ten minutes:

    python3.11 -m venv build/atheris && build/atheris/bin/pip install atheris==3.0.0 --editable '.[zstd]'
    mkdir -p build/corpus && build/atheris/bin/python tests/fuzz/atheris_scan.py build/corpus -max_total_time=600

What it finds is written to `crash-…`, and run again by naming that file instead of the folder.
"""

import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parent.parent))

with atheris.instrument_imports(include=["em_impute.table"]):
    from table import oracle_csv
    from table.tables import scanned

    from em_impute.errors import EmImputeError, TableError
    from em_impute.table.dialect import detect_dialect
    from em_impute.table.patch import Edits, patch
    from em_impute.table.read import read_table
    from em_impute.table.source import open_source

DELIMITERS = ",;\t|"

FOLDER = Path(tempfile.mkdtemp())


def by_scanner(data: bytes, delimiter: str, n_columns: int, block_bytes: int) -> list | None:
    """Give the spans of all cells; None for what is refused."""
    try:
        return scanned(data, n_columns, block_bytes, delimiter)
    except TableError:
        return None


def by_machine(data: bytes, delimiter: str, n_columns: int) -> list | None:
    """Give the same by the machine."""
    try:
        return oracle_csv.table(data, n_columns, delimiter.encode())
    except oracle_csv.Rejected:
        return None


def check_scanner(data: bytes, choice: int) -> None:
    """Scanner and machine agree, however small the blocks are."""
    delimiter, n_columns = DELIMITERS[choice & 3], 1 + (choice >> 2 & 3)
    expected = by_machine(data, delimiter, n_columns)
    for block_bytes in (1 + (choice >> 4), 1 << 10):
        assert by_scanner(data, delimiter, n_columns, block_bytes) == expected


def check_file(data: bytes, choice: int) -> None:
    """A file is refused for a reason, or read, and its copy without edits has the same bytes."""
    path = FOLDER / "table.csv"
    path.write_bytes(data)
    with suppress(EmImputeError), open_source(path) as raw:
        source, dialect = detect_dialect(raw, has_header=bool(choice & 1), skip_lines=choice >> 1 & 1)
        table = read_table(source, dialect, targets=[0], features=None, explicit=False, block_bytes=1 + (choice >> 2))
        if source.compression is None:
            assert b"".join(patch(source, dialect, Edits.merged([]), expect_sha256=table.sha256, block_bytes=7)) == data


def check(given: bytes) -> None:
    """Take the first byte for choices, and the rest for a file."""
    if given:
        check_scanner(given[1:], given[0])
        check_file(given[1:], given[0])


if __name__ == "__main__":
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()
