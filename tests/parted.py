"""Tables cut into parts, and what fills them."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from builders import silent

from em_impute.api.session import Completed
from em_impute.options import Request
from em_impute.pipeline.backends import serial_parts
from em_impute.pipeline.complete import complete_all
from em_impute.pipeline.fill import Workers, complete_parts
from em_impute.pipeline.open import open_table
from em_impute.pipeline.parts import Part

HEADER = "id,g,x,y,c\n"


def records(n, seed=0, *, missing=0.3, labels=("f", "m"), quoted=False):
    """Two overlapping kinds of rows: numbers with gaps, and a category that says a little."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, len(labels), n)
    x, y = rng.normal(2.0 * kind, 1.0), rng.normal(100.0 - 8.0 * kind, 10.0)
    category = rng.integers(0, 2, n) + (rng.random(n) < 0.3 * kind)
    lost = rng.random((n, 3)) < (missing, 0.05, 0.05)
    for i in range(n):
        label = "" if lost[i, 0] else labels[kind[i]]
        label = f'"{label}"' if quoted else label
        yield (
            f"{i},{label},{'' if lost[i, 1] else f'{x[i]:.4f}'},{'' if lost[i, 2] else f'{y[i]:.3f}'},"
            f"{('red', 'green', 'blue')[category[i]]}\n"
        )


def cut(folder, rows, stops, header=HEADER):
    """Write rows as parts that end at `stops`; give their paths."""
    paths = []
    for number, (start, stop) in enumerate(pairwise([0, *stops])):
        paths.append(folder / f"part-{number}.csv")
        paths[-1].write_bytes((header + "".join(rows[start:stop])).encode())
    return paths


def filled_in_parts(paths, request, keep_bytes=1 << 28, watch=silent):
    """Fill parts, with nothing examined beyond the fills, and give what was found."""
    request = replace(request, examined=False)
    parts = [Part(number, str(path), (str(path.with_suffix(".filled.csv")),)) for number, path in enumerate(paths)]
    return complete_parts(request, parts, Workers(serial_parts, keep_bytes), watch)


def joined(found):
    """Give the records of all completed parts, one header first."""
    contents = [Path(part.outputs[0]).read_bytes() for part in found.parts]
    head = contents[0][: contents[0].index(b"\n") + 1]
    return head + b"".join(content.removeprefix(head) for content in contents)


def filled_in_memory(path, **options):
    """Fill one file the ordinary way, with nothing examined beyond the fills."""
    request = Request(path=path, columns=("g",), examined=False, **options)
    with open_table(request, silent) as opened:
        completions = complete_all(opened, request, silent)
        return b"".join(next(Completed(opened, completions, request).contents())), completions[0]
