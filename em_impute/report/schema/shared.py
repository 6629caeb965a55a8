"""What several places of the documents have in common."""

from em_impute.report.fit_report import SCHEMA_VERSION
from em_impute.schema_terms import (
    COUNT,
    NUMBER,
    SHARE,
    TEXT,
    Schema,
    among,
    by,
    constant,
    count,
    either,
    flag,
    listing,
    maybe,
    number,
    pair,
    section,
    share,
    text,
    use,
)

__all__ = ["COVARIANCES", "DEFINITIONS", "HEAD", "LINE", "SHA256", "VERSION"]

SHA256 = "^[0-9a-f]{64}$"

LINE = "Line of the file on which the row begins, the first being 1."

VERSION: Schema = {
    "description": "Version of this format; it changes only when a reader of the one before would misunderstand.",
    "type": "integer",
    "const": SCHEMA_VERSION,
}

COVARIANCES = {
    "full": "Each component has its own covariance.",
    "tied": "All components share one covariance.",
    "diag": "Each component has its own variances, and no correlation.",
    "tied-diag": "All components share their variances, and there is no correlation.",
    "eii": "Spheres of one size.",
    "vii": "Spheres, each of its own size.",
    "vei": "Variances in the same proportions, each component of its own size, and no correlation.",
    "evi": "Variances in proportions of each component's own, all of one volume, and no correlation.",
    "vee": "One covariance, of which each component has its own multiple.",
    "evv": "Each component has its own shape and orientation, all of one volume.",
    "eev": "One ellipsoid, turned in each component.",
    "vev": "Ellipsoids of one shape, each turned and of its own size.",
}

WARNINGS = {
    "W01": "Some labels have few known rows.",
    "W05": "Labels look lost more often in some class, or may well be.",
    "W06": "Probabilities contradict known labels that were hidden.",
    "W07": "Counting the filled labels misstates the totals.",
    "W08": "On held-out labels the labels' shares alone predict better than the model.",
    "W09": "Much of the information on the shares of labels is missing.",
    "W11": "Some rows to fill lie beyond every row with a label.",
    "W12": "EM found different optima from different starts.",
    "W14": "Some labels differ only by case, space or accents.",
    "W15": "EM stopped at --max-iter before it had converged.",
    "W16": "Some rows to fill show no predictor.",
    "W17": "Some predictors are sums or copies of others and are not used.",
    "W18": "Some columns are mostly numbers, but not all, and are not used.",
    "W19": "EM stopped where rounding hid further gains.",
    "W20": "Some labels show nothing to a reader.",
    "W21": "Some of the groups that were found coincide.",
    "W22": "Some predictors hold a number that looks like a missing mark.",
    "W23": "Nearly all of many labels are numbers: the column may be a measurement.",
    "W24": "Predictors of the saved model are not in the table.",
    "W25": "Predictors hold texts that the saved model has not seen.",
    "W26": "Predictors are distributed otherwise than where the saved model learnt, or are missing more often.",
    "W27": "More rows are far from all that the saved model knows.",
    "W28": "Rows are less typical of the saved model.",
    "W29": "Known labels have other shares than where the saved model learnt.",
    "W30": "Cells of predictors are no numbers and count as missing.",
    "W31": "The saved model does not know some labels.",
    "W32": "Some missing cells are in rows like no row with a label.",
    "S01": "A note rather than a warning: the column may be about people.",
    "S02": "A note rather than a warning: the saved model has learnt from this table before.",
}

HEAD: dict[str, Schema] = {
    "schema_version": VERSION,
    "tool": use("tool", "The program that wrote this."),
    "command": text("The command that was run, quoted as a shell reads it."),
    "created": text("When it was written, in UTC; SOURCE_DATE_EPOCH sets it.", r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"),
    "seed": count("Seed of all that is drawn at random (--seed)."),
}
"""What every document begins with."""

NAME = text("Name of the column, or its number where it has no name of its own.")
GAPS = count("Rows in which its cell is missing.")

DEFINITIONS: dict[str, Schema] = {
    "tool": section("A program.", {"name": text("Its name."), "version": text("Its version.")}),
    "input": section(
        "The table that was read.",
        {
            "path": text("Its path as it was given, or standard input; of several parts the first and the last."),
            "sha256": maybe(
                text("SHA-256 of its bytes as they were read; null of several parts, each of which has one.", SHA256)
            ),
            "bytes": count("Its size in bytes, compressed if it is."),
            "compression": maybe(
                among(
                    "How it is compressed; null where it is not.",
                    {"gzip": "gzip.", "bz2": "bzip2.", "xz": "xz.", "zstd": "Zstandard."},
                )
            ),
            "rows": count("Rows of data, the header not among them."),
            "columns": count("Columns.", 1),
            "delimiter": text("The character between two cells."),
            "encoding": text("The encoding of its text, by Python's name for it."),
            "byte_order_mark": flag("It begins with a byte-order mark."),
        },
    ),
    "warning": section(
        "Something to know before relying on the result.",
        {
            "code": among("Which warning it is.", WARNINGS),
            "message": text("What was found, in words."),
        },
    ),
    "tokens": by(
        "Cells of the column that count as missing, by the text they hold; that of an empty cell is empty.", COUNT
    ),
    "features": section(
        "The columns that were looked at.",
        {
            "used": listing(
                "The predictors, numbers first.", either("A predictor.", use("number_used"), use("category_used"))
            ),
            "rejected": listing("Columns that do not serve as predictors.", use("rejected")),
        },
    ),
    "number_used": section(
        "A predictor that is a number.",
        {
            "name": NAME,
            "type": constant("It is a number.", "numeric"),
            "missing": GAPS,
            "mean": number("Mean of the column, in its own units; of a saved model that of the rows it learnt from."),
            "sd": number("Standard deviation of the column, in its own units; of a saved model as the mean.", 0),
        },
    ),
    "category_used": section(
        "A predictor that is a category.",
        {
            "name": NAME,
            "type": constant("It is a category.", "categorical"),
            "missing": GAPS,
            "levels": listing("The texts that it holds, in the order of their codes.", TEXT),
        },
    ),
    "rejected": section(
        "A column that does not serve as a predictor.", {"name": NAME, "reason": text("Why, in words.")}
    ),
    "interval": section(
        "An estimate and where the truth is likely to lie.",
        {"estimate": number("The estimate."), "low": number("Lower end."), "high": number("Upper end.")},
    ),
    "ends": pair("Lower and upper end of a 95 % interval of a share.", SHARE),
    "kinds": section(
        "Rows by whether they have a label.",
        {"known": count("Rows with a label."), "missing": count("Rows without one.")},
    ),
    "counts": by("Rows by label.", COUNT),
    "shares": by("Shares by label, which add up to 1.", SHARE),
    "numbers": by("Numbers by predictor; each text of a category but the first is one, such as colour=red.", NUMBER),
    "matrix": listing(
        "A covariance matrix row by row, predictors in the order of the report and in their own units.",
        listing("A row.", maybe(number("Covariance; null beyond the range of floating-point numbers."))),
    ),
    "path": listing("Natural logarithms of a likelihood, the start first.", NUMBER),
    "bin": section(
        "Known labels whose most probable label was about as probable.",
        {
            "rows": count("How many they are.", 1),
            "probability": share("Mean probability that was given to the most probable label."),
            "accuracy": share("Share of them whose most probable label was the true one."),
        },
    ),
    "threshold": section(
        "What is filled where a label must be so probable.",
        {
            "min_probability": share("Probability that the label must have."),
            "share": share("Share of the rows that is filled."),
            "accuracy": maybe(share("Share of these whose label is the true one; null where none is filled.")),
        },
    ),
    "confusion": by("Rows by true label, and within it by the label that was filled.", use("counts")),
}
"""By the names that `use` refers to."""
