"""The JSON form of what fills a column: one fit or several, with what they remember of their rows.

Read from the end: `MODEL` has the whole, a line a key, in the order of the file.
"""

from collections.abc import Mapping

import numpy as np

from em_impute.columns.design import Feature
from em_impute.em.families import FAMILIES, Prior
from em_impute.em.incremental import MixtureMemory
from em_impute.em.moments import Moments
from em_impute.em.parameters import Parameters
from em_impute.ensemble.candidates import Member
from em_impute.ensemble.ensemble import Ensemble, Voice
from em_impute.ensemble.incremental import Memory, Remembered
from em_impute.ensemble.shrinkage import Batch, Shrinkage
from em_impute.ensemble.sufficient_statistics import Sums
from em_impute.ensemble.transforms import View
from em_impute.missingness.reasons import Tilts
from em_impute.model.predict import Coding, Expert, Groups, Mixed, Model, Own
from em_impute.serialize import (
    ANY,
    Codec,
    Node,
    among,
    array,
    by,
    either,
    flag,
    listing,
    maybe,
    number,
    record,
    text,
    triangles,
    whole,
)

__all__ = ["MODEL", "PARAMETERS", "end_of_range"]


def end_of_range(meaning: str, empty: float) -> Codec[float]:
    """Make the codec of an end of a range: null where the range is empty, which is then at infinity."""
    known = maybe(number(meaning))

    def write(value: float) -> float | None:
        return None if np.isinf(value) else value

    def read(node: Node) -> float:
        value = known.read(node)
        return empty if value is None else value

    return Codec(known.schema, write, read)


def _coding(features: tuple[Feature, ...], texts: Mapping[str, tuple[str, ...]], decimal: str) -> Coding:
    return Coding(features, texts, {}, decimal)  # where columns stand is for each table to say


def _groups(name: str, own: Mapping[str, Own]) -> Groups:
    return Groups(name, None, own)


FEATURE = record(
    Feature,
    "A column of what the mixtures see: a measurement, or whether a category is one of its texts.",
    {
        "name": text("Its name; of an indicator category=text."),
        "n_missing": whole("Rows of the first table that did not show it."),
        "shift": number("What is subtracted, in the data's units: the mean."),
        "scale": number("What is then divided by, in the data's units: the standard deviation."),
        "category": maybe(text("The category that an indicator is of; null of a measurement.")),
    },
)

CODING = record(
    _coding,
    "How the cells of a row become what the model was fitted to.",
    {
        "features": listing("The columns, measurements first.", FEATURE, "n_features"),
        "texts": by(
            "The texts of each category, in the order of their codes.",
            listing("The texts of one category.", text("A text.")),
        ),
        "decimal": text("The decimal mark of its numbers."),
    },
)

PARAMETERS = record(
    Parameters,
    "A Gaussian mixture in standard units.",
    {
        "weight": array("Shares of the components, which add up to 1.", "n_components"),
        "mean": array("Means.", "n_components", "n_features"),
        "covariance": triangles("Covariances.", "n_components", "n_features", "n_features"),
    },
)

MIXED = record(
    Mixed,
    "One mixture.",
    {
        "parameters": PARAMETERS,
        "component_label": array(
            "Place among the fit's labels of that of each component.", "n_components", is_whole=True
        ),
    },
)

VIEW = record(
    View,
    "How a voice looks at the predictors.",
    {
        "name": text("Its name."),
        "power": maybe(array("Powers of Yeo & Johnson (2000); null leaves numbers as they are.", "n_numbers")),
        "shift": array("What is subtracted from transformed numbers.", "n_numbers"),
        "scale": array("What they are then divided by.", "n_numbers"),
        "indicators": flag("Categories are Gaussian columns of 0 and 1."),
        "categories": flag("Categories are multinomial given the label."),
        "edges": maybe(
            listing(
                "Upper edges of each number's bins but the last; null keeps the numbers Gaussian.",
                array("Edges.", ANY),
                "n_numbers",
            )
        ),
        "levels": listing("Number of texts of each column of categories.", whole("Texts.")),
    },
)

MEMBER = record(
    Member,
    "A mixture of a stack.",
    {
        "view": text("The name of its view."),
        "per_label": whole("Gaussians a label at most.", 1),
        "shrinkage": record(
            Shrinkage,
            "How far its covariances are drawn in, in pseudo-rows a column.",
            {
                "pooled": end_of_range("Weight of the pooled covariance; null leaves it alone.", np.inf),
                "diagonal": number("Weight of the diagonal in the pooled covariance.", 0),
                "independent": flag("Columns are independent within a component."),
            },
        ),
        "draws_means_in": flag("Means are drawn in by empirical Bayes."),
        "steps": whole("Steps of EM over rows without a label."),
    },
)

BATCH = record(
    Batch,
    "The parameters of the members.",
    {
        "weight": array("Rows behind each component.", "n_members", "n_components"),
        "mean": array("Means.", "n_members", "n_components", "n_columns"),
        "covariance": triangles("Covariances.", "n_members", "n_components", "n_columns", "n_columns"),
        "freedom": array("Rows and pseudo-rows behind each covariance.", "n_members", "n_components"),
        "log_share": array("Natural logarithms of the shares.", "n_members", "n_components"),
        "log_chance": array("Natural logarithms of each text's probability.", "n_members", "n_components", "n_texts"),
    },
)

VOICE = record(
    Voice,
    "Members of a stack under one view.",
    {
        "view": VIEW,
        "members": listing("The members.", MEMBER, "n_members"),
        "component_label": array(
            "Place among the fit's labels of that of each component.", "n_components", is_whole=True
        ),
        "batch": BATCH,
        "weight": array("What each counts at the temperatures 0.2, 0.4, 0.7 and 1.", "n_members", "n_temperatures"),
    },
    apart=True,
)

ENSEMBLE = record(
    Ensemble,
    "Many mixtures, weighed by how well they predicted labels that they were not shown.",
    {
        "n_labels": whole("Labels that they tell apart.", 1),
        "voices": listing("The mixtures, view by view.", VOICE),
        "trust": number("Weight of the mixtures together; the labels' shares have the rest.", 0),
        "shares": array("The labels' shares.", "n_known"),
    },
    later={"sharpness": number("The power to which averaged probabilities are raised; 1 where it is lacking.", 0)},
)

REMEMBERED = record(
    Remembered,
    "What the members of one voice remember of their rows.",
    {
        "sums": record(
            Sums,
            "Weighted sums over the rows, shared out over the components.",
            {
                "weight": array("Rows.", "n_members", "n_components"),
                "first": array("Sums of x.", "n_members", "n_components", "n_columns"),
                "second": triangles("Sums of x·xᵀ.", "n_members", "n_components", "n_columns", "n_columns"),
                "counts": array("Rows that hold each text.", "n_members", "n_components", "n_texts"),
            },
        ),
        "strength": array("Pseudo-rows that draw means in.", "n_members", "n_columns"),
        "base": array("Share of each text of each category.", "n_texts"),
    },
    apart=True,
)

MEMORY = record(
    Memory,
    "What a stack remembers of the rows it was fitted to.",
    {
        "known": array("Rows of each label, by weight.", "n_known"),
        "voices": listing("What each voice remembers.", REMEMBERED),
    },
)

MIXTURE_MEMORY = record(
    MixtureMemory,
    "What one mixture remembers of the rows it was fitted to.",
    {
        "moments": record(
            Moments,
            "Weighted moments of the rows, shared out over the components.",
            {
                "weight": array("Rows.", "n_components"),
                "mean": array("Means.", "n_components", "n_features"),
                "scatter": triangles("Sums of squares about the mean.", "n_components", "n_features", "n_features"),
                "log_likelihood": number("Of these rows, in standard units."),
                "rows": whole("Distinct rows."),
            },
        ),
        "family": among("The covariances' family.", {name: one.description for name, one in FAMILIES.items()}),
        "prior": record(
            Prior,
            "The conjugate prior (Fraley & Raftery 2007), in standard units.",
            {
                "strength": number("Its weight.", 0),
                "mean": array("Prior mean.", "n_features"),
                "scale": triangles("Prior scale of the covariances.", "n_features", "n_features"),
            },
        ),
        "unlabelled_weight": number("What a row without a label counts.", 0),
    },
)

EXPERT = record(
    Expert,
    "One fit: of all rows, or of those of a group.",
    {
        "learnt": listing(
            "Places, among the labels of the column, of those that the fit knows.", whole("A place."), "n_known"
        ),
        "coding": CODING,
        "speaker": either(
            "What says how probable each label is.", {"mixture": (Mixed, MIXED), "stack": (Ensemble, ENSEMBLE)}
        ),
        "shift": array("Log-odds added, where the rows to fill had label shares of their own.", "n_column_labels"),
        "memory": maybe(
            either(
                "What it can learn on from.", {"mixture": (MixtureMemory, MIXTURE_MEMORY), "stack": (Memory, MEMORY)}
            )
        ),
    },
    apart=True,
)

MODEL = record(
    Model,
    "What fills the column.",
    {
        "labels": listing("The labels of the column.", text("A label."), "n_labels"),
        "everyone": EXPERT,
        "groups": maybe(
            record(
                _groups,
                "The fits of groups of rows; null without --by.",
                {
                    "name": text("The column that divides the rows."),
                    "own": by(
                        "The fit of each group that has one, by the text of the column.",
                        record(
                            Own,
                            "A group's own fit.",
                            {"weight": number("Its weight beside that of the fit of all rows.", 0), "expert": EXPERT},
                        ),
                    ),
                },
            )
        ),
        "delta": array("Log-odds added as --delta asked for.", "n_labels"),
    },
    later={
        "tilts": maybe(
            record(
                Tilts,
                "Log-odds added in the file that was learnt from, for the reason that its labels are missing.",
                {
                    "weight": array("Weights of the points that are averaged.", "n_points"),
                    "shift": array("Log-odds of each.", "n_points", "n_labels"),
                },
            )
        ),
    },
)
