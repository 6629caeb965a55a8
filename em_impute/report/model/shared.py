"""What several documents, or several sections of one, have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import singledispatch
from typing import Annotated, Literal, NamedTuple

from em_impute.serialize.annotations import Choices, Count, MayLack, Positive, Range, Share

SCHEMA_VERSION: Literal[1] = 1
"""Changed only when a reader of the version before would misunderstand."""

WARNINGS = {
    "W01": "Some labels have few known rows.",
    "W05": "Labels look lost more often in some class, or may well be.",
    "W06": "Probabilities contradict known labels that were hidden.",
    "W07": "Counting the filled labels misstates the totals.",
    "W08": "The fills are no better than guessing by how common each label is.",
    "W09": "Much of the information on the shares of labels is missing.",
    "W11": "Some rows to fill are outside the range of the labelled rows.",
    "W12": "EM found different optima from different starts.",
    "W14": "Some labels differ only by case, space, accents, or in how a number is written.",
    "W15": "EM stopped at --max-iter before it had converged.",
    "W16": "Some rows to fill show no predictor.",
    "W17": "A note rather than a warning: some predictors are sums or copies of others and are not used.",
    "W18": "Some columns are mostly numbers, but not all, and are not used.",
    "W19": "EM stopped where rounding hid further gains.",
    "W20": "Some labels show nothing to a reader.",
    "W21": "Some of the groups that were found coincide.",
    "W22": "Some predictors hold a number that looks like a missing mark.",
    "W23": "Nearly all of many labels are numbers: the column may be a measurement.",
    "W24": "Predictors of the saved model are not in the table.",
    "W25": "Predictors hold texts that the saved model has not seen.",
    "W26": "The distributions of predictors have shifted since the saved model was fitted, or are missing more often.",
    "W29": "The label shares have shifted since the saved model was fitted.",
    "W30": "Cells of predictors are not numbers and count as missing.",
    "W31": "The saved model does not know some labels.",
    "W32": "Some missing cells are in rows unlike any labelled row.",
    "W33": "Known labels differ although the user says that they are one within a value of a column.",
    "S01": "A note rather than a warning: the column may be about people.",
    "S03": "A note rather than a warning: some lines are no rows by their looks.",
    "S04": "A note rather than a warning: rows with one value of a column have one label, and are filled with it.",
    "S05": "A note rather than a warning: some labels may stand for missing ones.",
    "S06": "A note rather than a warning: some columns with gaps are left.",
    "S07": "A note rather than a warning: nothing tells the day from the month in some columns of dates.",
    "S08": "A note rather than a warning: quotes are read as text.",
    "S09": "A note rather than a warning: rows of one key, which share a label, are filled one by one.",
    "S10": "A note rather than a warning: no column to fill holds a token that an option names.",
}

NOTES = frozenset({"S01", "S03", "S04", "S05", "S06", "S07", "S08", "S09", "S10", "W17"})
"""What merely informs.  No option lets it stop a run."""


@singledispatch
def rendered(report: object, suffix: str) -> str:
    """Write a report in the form of a suffix: whoever writes it has registered how."""
    raise TypeError(f"nothing writes {type(report).__name__} as {suffix}")


class Picture(str):
    """A picture as SVG."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        """Show it in a notebook."""
        return str(self)


Stop = Annotated[
    Literal["converged", "max_iter", "rounding", "held-out labels"],
    "Why EM ended: nothing was left to gain, --max-iter, a gain that drowned in rounding, or cross-validation.",
]
Version = Annotated[Literal[1], "Version of the format, changed only where a reader must know."]
Line = Annotated[int, Range(1), "Line of the file on which the row begins, the first being 1."]
Covariance = Annotated[str, "What the components' covariances have in common, as --covariance names it."]
Counts = Annotated[Mapping[str, Count], "Rows by label."]
Confusion = Annotated[Mapping[str, Counts], "Rows by true label, and within it by the label that was filled."]
Numbers = Annotated[Mapping[str, float], "Numbers by predictor; texts of a category have one each, as colour=red."]
Matrix = Annotated[
    Sequence[Sequence[Annotated[float | None, "Covariance; null beyond the range of floating-point numbers."]]],
    "A covariance matrix row by row, predictors in the order of the report and in their own units.",
]
TOKENS = "Cells of the column that count as missing, by the text they hold; that of an empty cell is empty."
"""What keys of several documents mean."""

Part = Annotated[str | None, MayLack, "Path of the part that holds the row; only of a table in several parts."]
Path = Annotated[Sequence[float], "Natural logarithms of a likelihood, the start first."]
Seconds = Annotated[
    Mapping[str, Annotated[float, Range(0)]] | None,
    "Seconds that each stage took, by its name; null where SOURCE_DATE_EPOCH is set.",
]


class Tool(NamedTuple):
    """A program."""

    name: Annotated[str, "Its name."]
    version: Annotated[str, "Its version."]


class Notice(NamedTuple):
    """Something to know before relying on the result."""

    code: Annotated[str, Choices(WARNINGS), "Which warning it is."]
    message: Annotated[str, "What was found, in words."]

    @property
    def is_note(self) -> bool:
        """It merely informs, and is no reason to doubt the result."""
        return self.code in NOTES


FRAME = "the frame"
"""What stands for the path of a data frame."""


class Input(NamedTuple):
    """The table that was read; a data frame is read as the CSV that it would be."""

    path: Annotated[str, "Its path as it was given, standard input or the frame; of parts the first and the last."]
    sha256: Annotated[str | None, "SHA-256 of its bytes as they were read; null of several parts."]
    bytes: Annotated[Count, "Its size in bytes, compressed if it is."]
    compression: Annotated[str | None, "How it is compressed: gzip, bz2, xz or zstd; null where it is not."]
    rows: Annotated[Count, "Rows of data, the header not among them."]
    columns: Annotated[Positive, "Columns."]
    delimiter: Annotated[str, "The character between two cells."]
    encoding: Annotated[str, "The encoding of its text, by Python's name for it."]


@dataclass(frozen=True, kw_only=True, repr=False)
class Head:
    """What every document begins with."""

    schema_version: Version = SCHEMA_VERSION
    tool: Annotated[Tool, "The program that wrote this."]
    command: Annotated[str, "The command that was run, quoted as a shell reads it."]
    created: Annotated[str, "When, in UTC; SOURCE_DATE_EPOCH sets it."]
    seed: Annotated[Count, "Seed of all that is drawn at random (--seed)."]
    input: Annotated[Input, "The table that was read."]
    column: Annotated[str, "The column that is filled: its name, or its number where it has no name of its own."]

    def __repr__(self) -> str:
        """Say in a line what it is about: all of it fills pages."""
        return f"<{type(self).__name__} of column {self.column!r}>"


class MissingCells(NamedTuple):
    """The missing cells."""

    cells: Annotated[Count, "How many there are."]
    tokens: Annotated[Mapping[str, Count], TOKENS]


KINDS_OF_PREDICTORS = {
    "numeric": "A number.",
    "categorical": "A category.",
    "key": "Values that say which rows have one label.",
    "text": "Texts, which are predictors by the scores made of them.",
    "score": "What all texts of a row say of a label: its log-odds by a logistic regression.",
}
"""What predictors are."""


class Predictor(NamedTuple):
    """A predictor: a number and a score have a mean and a standard deviation, a category its texts."""

    name: Annotated[str, "Name of the column, or its number where it has no name of its own."]
    type: Annotated[str, Choices(KINDS_OF_PREDICTORS), "What it is."]
    missing: Annotated[Count, "Rows in which its cell is missing, or is no number in the column's notation."]
    mean: Annotated[float | None, MayLack, "Mean of a number; of a saved model that of its training."] = None
    sd: Annotated[float | None, Range(0), MayLack, "Standard deviation of a number, likewise."] = None
    levels: Annotated[Sequence[str] | None, MayLack, "The texts of a category, in the order of their codes."] = None
    kind: Annotated[str | None, MayLack, "What was read as a number, in words, as amount in $ or ISO date."] = None
    column: Annotated[str | None, MayLack, "The column that the number was made of, where its name is another."] = None


class Rejected(NamedTuple):
    """A column that does not serve as a predictor."""

    name: Annotated[str, "Name of the column, or its number where it has no name of its own."]
    reason: Annotated[str, "Why, in words."]


class Features(NamedTuple):
    """The columns that were looked at."""

    used: Annotated[Sequence[Predictor], "The predictors, numbers first."]
    rejected: Annotated[Sequence[Rejected], "Columns that do not serve as predictors."]

    @property
    def columns(self) -> list[str]:
        """The columns of the table that are predictors."""
        return list(self.kinds)

    @property
    def kinds(self) -> dict[str, str]:
        """What each of these columns is, in words."""
        kinds: dict[str, str] = {}
        for one in self.used:
            if one.type != "score":
                words = {"numeric": "number", "categorical": f"{len(one.levels or ()):,} categories"}
                name, kind = one.column or one.name, one.kind or words.get(one.type, one.type)
                kinds[name] = f"{kinds[name]}, {kind}" if one.type == "categorical" and name in kinds else kind
        return kinds


@dataclass(frozen=True, kw_only=True)
class KnownLabel:
    """A label."""

    label: Annotated[str, "The label itself."]
    known: Annotated[Count, "Rows that have it in the file."]


@dataclass(frozen=True, kw_only=True)
class LabelledCell:
    """A cell with its label."""

    part: Part = None
    line: Line
    label: Annotated[str, "The label that it has, or that it was filled with."]
    probability: Annotated[Share, "Probability of that label."]
