"""The tables and masks of the accuracy benchmark: what is hidden from every method."""

import argparse
import functools
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

REGIMES = ("30 %", "90 %", "five", "by class")
HIDDEN = {"30 %": 0.3, "90 %": 0.9}  # share of the known labels that is hidden
RATES = 0.15, 0.85  # at which the class that loses fewest labels does, and the one that loses most
MIN_ROWS_PER_LABEL = 8  # leaves three to score when five are kept
N_QUICK_SETS = 8
SAMPLE_DATA = Path(__file__).parent.parent / "sample_data"
MISSING = ("", "NA")


class Table(NamedTuple):
    """A table with a column whose known labels can be hidden."""

    name: str
    path: Path
    target: str
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """A table under one regime and seed."""

    table: Table
    regime: str
    seed: int
    cells: pd.DataFrame
    """The rows that were drawn, as texts."""
    labels: tuple[str, ...]
    truth: NDArray[np.intp]
    """(n_rows,) number of the label, −1 where nobody knows it."""
    hidden: NDArray[np.bool_]
    """(n_rows,) whose known label is hidden: what is scored."""

    @property
    def visible(self) -> NDArray[np.intp]:
        """Number of the label, −1 where it is hidden or missing: (n_rows,)."""
        return np.where(self.hidden, -1, self.truth)

    @property
    def counts(self) -> NDArray[np.intp]:
        """Visible labels of each kind: (n_labels,)."""
        return np.bincount(self.visible[self.visible >= 0], minlength=len(self.labels))

    @property
    def shares(self) -> NDArray[np.float64]:
        """Class shares of the visible labels, for every hidden row: (n_hidden, n_labels)."""
        return np.tile(self.counts / self.counts.sum(), (int(self.hidden.sum()), 1))


@dataclass(frozen=True)
class Settings:
    """What the command line asked for."""

    tables: Sequence[Table]
    regimes: Sequence[str]
    seeds: int
    rows: int
    peers: tuple[str, ...]
    jobs: int
    out: Path | None = field(default=None)
    left_out: tuple[str, ...] = ()
    """Peers that were asked for and are not installed."""


def read_index(folder: Path) -> list[Table]:
    """Read which tables a folder holds; those without a target have nothing to hide."""
    index = pd.read_csv(folder / "index.csv", dtype=str, keep_default_na=False)
    return [
        Table(
            row["name"],
            folder / f"{row['name']}.csv",
            row["target"],
            *(tuple(name for name in row[kind].split(";") if name) for kind in ("numeric", "categorical")),
        )
        for row in index.to_dict("records")
        if row["target"]
    ]


def sample_tables() -> list[Table]:
    """Name what is in sample_data/ (no truth is known for faithful.csv)."""
    bird = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g")
    return [
        Table("heights", SAMPLE_DATA / "heights.truth.csv", "gender", ("height",), ()),
        Table("penguins_sex", SAMPLE_DATA / "penguins.csv", "sex", bird, ("species", "island")),
        Table("penguins_species", SAMPLE_DATA / "penguins.csv", "species", bird, ("island", "sex")),
    ]


def spread(tables: list[Table], n: int) -> list[Table]:
    """Take `n` tables from all over the index, where neighbours are often alike."""
    if len(tables) <= n:
        return tables
    return [tables[i] for i in np.linspace(0, len(tables) - 1, n).round().astype(int)]


def offer_tables(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which tables, and how much of them; --quick is the caller's to explain."""
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder with index.csv")
    parser.add_argument("--sets", type=words, metavar="A,B", help="only these tables")
    parser.add_argument("--under", type=int, metavar="N", help="only tables of fewer rows than this")
    parser.add_argument("--rows", type=int, default=1500, metavar="N", help="rows of a table at most (default: 1500)")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="processes (default: 2)")


def tables_asked_for(parser: argparse.ArgumentParser, options: argparse.Namespace) -> list[Table]:
    """Find the tables that the options name; ends the program where there are none such."""
    if not options.data and not options.quick:
        parser.error("name a folder with --data, or take the sample data with --quick")
    tables = read_index(options.data) if options.data else sample_tables()
    if options.quick and not options.sets:
        tables = spread(tables, N_QUICK_SETS)
    return narrowed(parser, options, tables)


def narrowed(parser: argparse.ArgumentParser, options: argparse.Namespace, tables: Sequence[Table]) -> list[Table]:
    """Leave the tables that --sets and --under let through; ends the program where a name is unknown."""
    refuse_unknown(parser, options.sets, [table.name for table in tables])
    named = [table for table in tables if not options.sets or table.name in options.sets]
    return [table for table in named if options.under is None or len(read_cells(table.path)) < options.under]


def refuse_unknown(parser: argparse.ArgumentParser, wanted: Sequence[str] | None, known: Sequence[str]) -> None:
    """End the program where a word is wanted that is none of those known."""
    if unknown := set(wanted or ()) - set(known):
        parser.error(f"not among {', '.join(known)}: {', '.join(sorted(unknown))}")


def words(text: str) -> tuple[str, ...]:
    """Split a list with commas."""
    return tuple(word for word in text.split(",") if word)


@functools.lru_cache(maxsize=1)
def read_cells(path: Path) -> pd.DataFrame:
    """Read a CSV file as texts."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def make_case(table: Table, regime: str, seed: int, rows: int) -> Case:
    """Draw the rows of a table and hide labels.  Equal arguments give an equal case, whatever else is run."""
    rng = np.random.default_rng([seed, zlib.crc32(table.name.encode())])
    cells = read_cells(table.path)
    cells = cells.iloc[np.sort(rng.permutation(len(cells))[:rows])]
    count = cells[table.target].value_counts()
    labels = tuple(sorted(text for text, n in count.items() if n >= MIN_ROWS_PER_LABEL and text not in MISSING))
    cells = cells[cells[table.target].isin([*labels, *MISSING])].reset_index(drop=True)
    truth = cells[table.target].map({text: k for k, text in enumerate(labels)}).fillna(-1).to_numpy(dtype=np.intp)
    order = rng.permutation(len(cells))
    hidden = hide_by_class(truth, order, rng) if regime == "by class" else hide(truth, order, regime)
    return Case(table, regime, seed, cells, labels, truth, hidden)


def hide(truth: NDArray[np.intp], order: NDArray[np.intp], regime: str) -> NDArray[np.bool_]:
    """Choose whose label is hidden: (n_rows,).  The same order under another regime hides more or fewer of the same."""
    order, turn = turns(truth, order)
    if regime == "five":
        chosen = order[turn >= 5]
    else:
        free = order[turn >= 2]
        n_hidden = min(round(HIDDEN[regime] * order.size), free.size)
        chosen = free[free.size - n_hidden :]
    hidden = np.zeros(truth.size, dtype=bool)
    hidden[chosen] = True
    return hidden


def hide_by_class(truth: NDArray[np.intp], order: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Hide each label at the rate of its class, but two of every class: (n_rows,).  Chance says which rate is whose."""
    order, turn = turns(truth, order)
    rate = rng.permutation(np.linspace(*RATES, truth.max() + 1))  # (n_labels,)
    lost = rng.random(order.size) < rate[truth[order]]
    hidden = np.zeros(truth.size, dtype=bool)
    hidden[order[lost & (turn >= 2)]] = True
    return hidden


def turns(truth: NDArray[np.intp], order: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Give the rows of the order that have a label, and of each how many of its label come before it: (n_known,)."""
    order = order[truth[order] >= 0]
    return order, pd.Series(truth[order]).groupby(truth[order]).cumcount().to_numpy()
