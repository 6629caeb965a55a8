"""What was learnt, in a form that travels: how a row's cells become numbers, and what these say of its label."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from em_impute.columns.deduplicate import Merged, merge_rows
from em_impute.columns.design import Design, Feature
from em_impute.columns.readings import Reading, made_names, merge_spellings, with_readings
from em_impute.columns.text_scores import TextScores
from em_impute.em.blocks import Floats, Integers, slices
from em_impute.em.em import posterior
from em_impute.em.parameters import Parameters
from em_impute.ensemble.ensemble import Ensemble, predict
from em_impute.ensemble.transforms import Predictors
from em_impute.missingness.reasons import LogOddsShifts
from em_impute.model.assign import CodedRows, over_labels, shift_log_odds
from em_impute.model.fit import Fitted
from em_impute.options import Request
from em_impute.serialize.annotations import Axes, Key, Kinds, MayLack, NotSaved, OwnAxes, Range
from em_impute.table.columns import Codes
from em_impute.table.numbers import parse_number
from em_impute.table.read import Table

MISSING = -1

ROWS_AT_ONCE = 1 << 20

DIGITS = 12
"""Digits of a probability that count.  The last bits of a product of matrices depend on how many rows it has; without
them a row gets the same label in every table, also where labels tie."""


@dataclass(frozen=True)
class Coding:
    """How the cells of a row become what the model was fitted to."""

    features: Annotated[tuple[Feature, ...], Axes("n_features"), "The columns of x, measurements first."]
    texts: Annotated[Mapping[str, tuple[str, ...]], "The texts of each category, in the order of their codes."]
    decimal: Annotated[str, "The decimal mark of its numbers."]
    column: Annotated[Mapping[str, int], NotSaved] = field(default_factory=dict)
    """Where each number and each category stands in the table; one that is not there is missing in every row."""

    @property
    def names(self) -> tuple[str, ...]:
        """The predictors: numbers, then categories."""
        return (*(feature.name for feature in self.features if feature.category is None), *self.texts)

    @property
    def n_numbers(self) -> int:
        """Count the measurements: the first columns of x."""
        return sum(feature.category is None for feature in self.features)

    @property
    def levels(self) -> tuple[int, ...]:
        """Count the texts of each category."""
        return tuple(map(len, self.texts.values()))

    def predictors(self, table: Table, rows: Integers) -> Predictors:
        """Code some rows of a chunk, standardised as the sample was; a text that is new is missing."""
        codes = [self.codes(table, name, rows) for name in self.texts]
        of_category = dict(zip(self.texts, codes, strict=True))
        x = np.empty((rows.size, len(self.features)), order="F")
        for j, feature in enumerate(self.features):
            if feature.category is None and feature.name not in self.column:
                x[:, j] = np.nan
            elif feature.category is None:
                np.subtract(table.numbers[self.column[feature.name]].of(rows), feature.shift, out=x[:, j])
                x[:, j] /= feature.scale
            else:
                # Whether it is one of its texts, standardised; at the end that of −1.
                texts = self.texts[feature.category]
                value = np.full(len(texts) + 1, -feature.shift / feature.scale)
                text = feature.name.removeprefix(f"{feature.category}=")
                value[texts.index(text)] = (1.0 - feature.shift) / feature.scale
                value[-1] = np.nan
                x[:, j] = value[of_category[feature.category]]
        return Predictors(x, np.array(codes, np.intp).reshape(len(codes), rows.size).T, self.levels, self.n_numbers)

    def cells(self, table: Table, rows: Integers | slice) -> Iterator[tuple[int, NDArray[Any]]]:
        """Yield what some rows of a chunk must agree in to be equal, (n_rows,), with the column it stands in.

        Codes, wherever a column has them: numbers themselves take ten times as long to tell apart.
        """
        for name, column in self.column.items():
            category = table.categories.get(column) if name in self.texts else None
            if category is None:
                numbers = table.numbers[column]
                yield column, numbers.of(rows) if numbers.code is None else numbers.code[rows]
            elif category.code is not None:
                yield column, category.code[rows]

    def codes(self, table: Table, name: str, rows: Integers) -> Integers:
        """Give the code of a category in each row, −1 where it is missing: (n_rows,)."""
        if name not in self.column:
            return np.full(rows.size, MISSING)
        column, texts = self.column[name], self.texts[name]
        found = table.categories.get(column)
        if found is None:  # the chunk holds numbers only
            known = {parse_number(text, self.decimal): code for code, text in reversed([*enumerate(texts)])}
            values, which = np.unique(table.numbers[column].of(rows), return_inverse=True)
            return np.array([known.get(value, MISSING) for value in values.tolist()], np.intp)[which.reshape(-1)]
        if found.code is None:
            return np.full(rows.size, MISSING)
        number = {text: code for code, text in enumerate(texts)}
        place = np.array([*(number.get(text, MISSING) for text in found.texts), MISSING], np.intp)
        return place[found.code[rows]]


@dataclass(frozen=True)
class Mixed:
    """One mixture."""

    parameters: Parameters
    component_label: Annotated[
        Integers, Axes("n_components"), "Place among the fit's labels of that of each component."
    ]


class Prediction(NamedTuple):
    """What a model says of some rows."""

    probability: Floats  # (n_distinct, n_labels), of the different ones
    place: Codes  # (n_rows,) which of them each row is
    without_predictors: Integers  # the rows that show no predictor
    rows: Callable[[], CodedRows]  # gives the different ones as the model reads them


@dataclass(frozen=True)
class Expert:
    """One fit: of all rows, or of those of a group."""

    known_labels: Annotated[
        tuple[int, ...],
        Key("learnt"),
        Axes("n_known"),
        "Places, among the labels of the column, of those that the fit knows.",
    ]
    coding: Coding
    mixtures: Annotated[
        Ensemble | Mixed,
        Key("speaker"),
        Kinds(mixture=Mixed, stack=Ensemble),
        "What predicts how probable each label is.",
    ]

    def predict(self, predictors: Predictors, n_labels: int) -> Floats:
        """Say how probable each label of the column is in some rows, (n_rows, n_labels)."""
        if isinstance(self.mixtures, Mixed):
            probability = posterior(self.mixtures.parameters, self.mixtures.component_label, predictors.x)
        else:
            probability = predict(self.mixtures, predictors)
        return over_labels(probability, self.known_labels, n_labels)


class Own(NamedTuple):
    """What speaks for a group beside the fit of all rows."""

    weight: Annotated[float, Range(0), "Its weight beside that of the fit of all rows."]
    expert: Expert


@dataclass(frozen=True)
class Groups:
    """The groups of rows that have a fit of their own."""

    name: Annotated[str, "The column that divides the rows."]
    own: Annotated[Mapping[str, Own], "The fit of each group that has one, by the text of the column."]
    column: Annotated[int | None, NotSaved] = None  # where it stands in the table; None where it is not there

    def coded(self, table: Table, rows: Integers) -> dict[str, tuple[Integers, Predictors]]:
        """Give, of each group that has a fit of its own, the places in `rows` of its rows, as this fit reads them."""
        found: dict[str, tuple[Integers, Predictors]] = {}
        if table.groups is None or table.groups.code is None:
            return found
        code = table.groups.code[rows]
        for number, text in enumerate(table.groups.texts):
            if text in self.own and (mine := np.flatnonzero(code == number)).size:
                found[text] = mine, self.own[text].expert.coding.predictors(table, rows[mine])
        return found


@dataclass(frozen=True)
class Model:
    """What says how probable each label is."""

    labels: Annotated[tuple[str, ...], Axes("n_labels"), "The labels of the column."]
    pooled: Annotated[Expert, Key("everyone"), OwnAxes, "The fit of all rows."]
    groups: Annotated[Groups | None, "The fits of groups of rows; null without --by."]
    delta: Annotated[Floats, Axes("n_labels"), "Log-odds added: as --delta asked for, and against oversampling."]
    shifts: Annotated[
        LogOddsShifts | None,
        Key("tilts"),
        MayLack,
        "Log-odds added in the file that was fitted to, for the reason that its labels are missing.",
    ] = None
    readings: Annotated[tuple[Reading, ...], MayLack, "What reads texts as numbers."] = ()
    texts: Annotated[TextScores | None, MayLack, "What makes predictors of texts."] = None

    @property
    def coding(self) -> Coding:
        """How the fit of all rows reads a row."""
        return self.pooled.coding

    @property
    def columns(self) -> tuple[int, ...]:
        """The columns of the table that are read as predictors."""
        return tuple(sorted({*self.read, *self._own, *self.scored}))

    @property
    def unscored(self) -> tuple[int, ...]:
        """Those of them that are not only read by the scores of texts."""
        return tuple(sorted({*self.read, *self._own}))

    @property
    def scored(self) -> tuple[int, ...]:
        """The columns of the table whose texts are scored together."""
        return () if self.texts is None else self._of_table(self.texts.column)

    @property
    def _own(self) -> tuple[int, ...]:
        groups = [] if self.groups is None else [one.expert.coding for one in self.groups.own.values()]
        return tuple(index for one in [self.pooled.coding, *groups] for index in self._of_table(one.column))

    def _of_table(self, column: Mapping[str, int]) -> tuple[int, ...]:
        """Leave out what was made of texts."""
        made = {*made_names(self.readings), *(() if self.texts is None else self.texts.names)}
        return tuple(index for name, index in column.items() if name not in made)

    @property
    def read(self) -> tuple[int, ...]:
        """The columns of the table whose texts are read as numbers."""
        return tuple(one.index for one in self.readings if one.index is not None)

    def prepared(self, table: Table) -> Table:
        """Put the numbers and scores that texts give beside the columns of a table; spell categories as in the fit.

        The column that divides the rows is a category too where the fit of all rows has it as one.
        """
        by = None if self.groups is None else self.groups.column
        if by is not None and table.groups is not None and by in self.columns:
            table = replace(table, categories={**table.categories, by: table.groups})
        table = with_readings(table, self.readings)
        spelled = {
            index: merge_spellings(table.categories[index], texts)
            for name, texts in self.coding.texts.items()
            if (index := self.coding.column.get(name)) is not None and index in table.categories
        }
        table = replace(table, categories={**table.categories, **spelled})
        return (
            table if self.texts is None else self.texts.added(table, table.n_columns + len(made_names(self.readings)))
        )

    def merged(self, table: Table, rows: Integers | slice) -> Merged | None:
        """Tell rows of a chunk once of which the model says the same; None where hardly any are equal."""
        codings = [self.pooled.coding]
        cells = [np.zeros(table.n_rows, np.int8)[rows]]  # two columns at least are merged
        if self.groups is not None:
            codings += [one.expert.coding for one in self.groups.own.values()]
            cells += [] if table.groups is None or table.groups.code is None else [table.groups.code[rows]]
        by_column = dict(chain.from_iterable(one.cells(table, rows) for one in codings))
        return merge_rows([*cells, *by_column.values()])

    def predict(self, table: Table, rows: Integers, *, digits: int | None = DIGITS) -> Prediction:
        """Say how probable each label is in some rows of a chunk, to so many digits; None leaves all of them."""
        merged = self.merged(table, rows)
        distinct, place = (rows, np.arange(rows.size)) if merged is None else (rows[merged.first], merged.index)
        predictors = self.pooled.coding.predictors(table, distinct)
        n_labels = len(self.labels)
        probability = self.pooled.predict(predictors, n_labels)
        coded = CodedRows(predictors, {})
        if self.groups is not None:
            coded = CodedRows(predictors, self.groups.coded(table, distinct))
            for group, (mine, of_group) in coded.of_groups.items():
                weight, expert = self.groups.own[group]
                probability[mine] *= 1.0 - weight
                probability[mine] += weight * expert.predict(of_group, n_labels)
        if self.shifts is not None:
            probability = self.shifts.apply(probability)
        probability = shift_log_odds(probability, self.delta)
        probability = probability if digits is None else np.round(probability, digits)
        return Prediction(probability, place, rows[predictors.are_empty[place]], lambda: coded)

    def say(self, table: Table, rows: Codes) -> Iterator[Prediction]:
        """Say the same of very many rows, some after others."""
        return (self.predict(table, rows[some]) for some in slices(rows.size, ROWS_AT_ONCE))


def expert_of(design: Design, fitted: Fitted, labels: Sequence[str], names: Sequence[str], request: Request) -> Expert:
    """Give what a fit says of rows of any table; `labels` are all of the column, `names` its columns."""
    known_labels = tuple(labels.index(label) for label in design.labels)
    texts = {category.name: category.texts for category in design.categories}
    used = [*(feature.name for feature in design.features if feature.category is None), *texts]
    coding = Coding(design.features, texts, request.decimal, {name: names.index(name) for name in used})
    mixtures: Ensemble | Mixed
    if (of := fitted.choice.ensemble) is None:
        mixtures = Mixed(*fitted.lead()[:2])
    else:  # without what only the report asks for: the rest is sent to every worker, or saved
        mixtures = Ensemble(of.n_labels, of.submodels, of.model_weight, of.shares, of.sharpness, of.forest)
    return Expert(known_labels, coding, mixtures)
