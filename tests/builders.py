"""Tables and designs for tests, made by the real first pass."""

from contextlib import contextmanager

from em_impute.design import make_design
from em_impute.impute import open_table
from em_impute.labels import read_labels
from em_impute.request import Request


def silent(_stage, _share, _detail):
    """Watch nothing."""


@contextmanager
def opened_table(folder, content, column="g", **options):
    """Write `content` to a file, read it, and give (opened, request)."""
    path = folder / "table.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    request = Request(path=path, columns=(column,), **options)
    with open_table(request, silent) as opened:
        yield opened, request


def labels_of(folder, content, column="g", **options):
    """Read the labels of one column."""
    with opened_table(folder, content, column, **options) as (opened, request):
        return read_labels(column, opened.table.targets[opened.targets[0]], request)


def design_of(folder, content, column="g", *, with_categories=False, **options):
    """Build the design for one column."""
    with opened_table(folder, content, column, **options) as (opened, request):
        labels = read_labels(column, opened.table.targets[opened.targets[0]], request)
        return make_design(
            labels,
            opened.columns,
            opened.categories,
            explicit=bool(request.features),
            with_categories=with_categories,
        )


def csv_of(header, *columns):
    """Write columns as CSV text; None is an empty cell."""
    rows = zip(*columns, strict=True)
    return "\n".join([header, *(",".join("" if cell is None else str(cell) for cell in row) for row in rows)]) + "\n"
