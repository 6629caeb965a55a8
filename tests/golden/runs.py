"""Whole runs of em-impute, whose every word and byte is kept.

A run is some command lines, one after the other in one folder, as a reader would type them.
"""

from typing import NamedTuple

__all__ = ["RUNS", "Run"]


class Run(NamedTuple):
    """Command lines, without the name of the program, and the world that they meet."""

    name: str
    commands: tuple[str, ...]
    stdin: str = ""
    """Name of the file that each reads as its standard input."""
    on_terminal: bool = False
    """Standard error is a terminal of 80 columns."""
    is_dated: bool = True
    """SOURCE_DATE_EPOCH says when it is, and no time is told."""
    has_pictures: bool = False
    """The extra `report` is installed."""
    passed_on: tuple[str, ...] = ()
    """Files that only the next command reads."""
    environment: tuple[tuple[str, str], ...] = ()
    limits: tuple[tuple[str, int], ...] = ()
    """What is large only in tables too large for a test, made small: where it stands, and how large it is then."""


def _run(name, *commands, **world):
    return Run(name, commands, **world)


SHORT = "fill people.csv -c sex -x x --covariance tied"
"""A run of one mixture and one predictor."""

WIDE = "-x x -x y -x colour"

FITTED = f"fill people.csv -c sex {WIDE} --single --no-report -q --save-model people.json"
"""A model of several predictors."""

FIRST = "fill people.csv -c sex -x x --covariance tied --no-report -q --save-model first.json"
"""A model of one predictor."""

ALL = [
    # Reports in every form
    _run("the main job on the heights of 934 people", "fill heights.csv --column gender", has_pictures=True),
    _run("penguins on a terminal", "fill penguins.csv -c sex --no-report", on_terminal=True),
    _run("penguins on a page with pictures", "fill penguins.csv -c sex -q -r sex.html", has_pictures=True),
    _run(
        "eruptions of which no label is known",
        "fill faithful.csv -c kind --labels short,long -r kind.json -r kind.md -r kind.html",
        has_pictures=True,
    ),
    _run("one predictor", "fill people.csv -c sex -x x -r sex.json", is_dated=False),
    _run(
        "numbers and a category told in all detail",
        f"fill people.csv -c sex {WIDE} -v -r sex.json -r sex.md",
        is_dated=False,
    ),
    _run("a category alone", "fill people.csv -c sex -x colour --single -r sex.json -r sex.md"),
    _run(
        "several columns, of which one calls other cells missing",
        f"{SHORT} -c hand --null-value NA -r both.json -r both.html",
        has_pictures=True,
    ),
    _run(
        "a saved report becomes a page, and Markdown",
        f"{SHORT} -q -r sex.json",
        "report sex.json -o sex.md -q",
        "report sex.json -o sex.html",
        has_pictures=True,
        passed_on=("sex.json", "people.filled.csv"),
    ),
    _run("nothing is missing", "fill whole.csv -c g -r g.json -r g.md"),
    _run("one row of each kind", "fill each.csv -c g -r g.json"),
    # Tables that teach something
    _run(
        "labels are missing by their class",
        "fill lost.csv -c g --covariance tied -r g.json -r g.md",
        limits=(("em_impute.diagnostics.odd_rows.JUDGED_ROWS", 20), ("em_impute.model.select.MAX_ROWS", 40)),
    ),
    _run(
        "labels have shares of their own where they are missing",
        "fill lost.csv -c g --covariance tied --shares free --delta a=1 -v -r g.json -r g.md",
    ),
    _run(
        "thresholds of two columns decide",
        "fill steps.csv -c g -r g.json -r g.md --save-model steps.json",
        "fill steps.csv -c g --model steps.json --no-report",
        "why steps.csv -c g --model steps.json --line 3",
        passed_on=("steps.json",),
    ),
    _run("a predictor is seen only where the label is known", "fill coded.csv -c gender -r gender.json -r gender.md"),
    _run("every record stands there four times", "fill copies.csv -c grp -r grp.json"),
    _run("rows of a customer lack their label together", "fill customers.csv -c kind -r kind.json -r kind.md"),
    _run(
        "rows of a bird have one label",
        "fill birds.csv -c sex --null-value U -r sex.json",
        "fill birds.csv -c sex --null-value U --null-value wing=60.0 --same-within ring --no-report",
        "check birds.csv -c sex",
        "fill birds.csv -c sex --same-within ring --backend serial",
    ),
    _run("predictors tell missing from known for sure", "fill apart.csv -c g --single -r g.json -r g.md"),
    _run(
        "rows are far out, wrong or without predictors",
        "fill odd.csv -c g -x x -x colour --min-probability 0.9999 -v -r g.json -r g.md",
    ),
    _run("many labels", "fill many.csv -c g -x x -r g.json"),
    _run("few labels", "fill few.csv -c g -r g.json"),
    _run("labels that do not vary", "fill alone.csv -c g --covariance full -r g.json"),
    _run("huge numbers", "fill huge.csv -c g --covariance full -r g.json"),
    _run(
        "many warnings about one table",
        "fill doubtful.csv -c tree --no-report",
        "fill doubtful.csv -c tree --keep-value - -r tree.json -v",
        "fill doubtful.csv -c tree --keep-value - --covariance tied --no-report -v",
        "fill birds.csv -c sex --no-report",
    ),
    _run("labels that are numbers, and a predictor that says nothing", "fill noise.csv -c dose -r dose.json"),
    # The model
    _run("the number of groups is open", "fill flat.csv -c g --components auto -r g.json -v"),
    _run(
        "EM finds several optima, and groups that coincide",
        "fill flat.csv -c g --labels a,b,c --covariance full -r g.json",
        "fill flat.csv -c g --components 40 --no-report",
    ),
    _run("families that cannot be fitted", "fill flat.csv -c g --labels a,b,c,d,e,f --prior-strength 0 -r g.json"),
    _run("families compared", "fill short.csv -c g --prior-strength 0 -r g.json"),
    _run(
        "groups named by another predictor",
        "fill blank.csv -c g --labels a,b --order-by y --covariance vev -r g.json -r g.md",
    ),
    _run("two Gaussians a label", "fill part-0.csv -c g -x x --components 2 --covariance tied -r g.json"),
    _run(
        "half a weight for rows without a label",
        "fill people.csv -c sex -x x -x y --covariance eev --unlabelled-weight 0.5 -r sex.json",
        limits=(("em_impute.report.build.mixture.MAX_COVARIANCES", 1),),
    ),
    _run(
        "spheres from other starts", "fill people.csv -c sex -x x -x y --covariance eii --seed 7 --tol 0.01 -r sex.json"
    ),
    _run("groups of rows", "fill people.csv -c sex -x x --by site -v -r sex.json -r sex.html", has_pictures=True),
    _run(
        "dates of two orders and quotes within cells",
        "fill unsettled.csv -c part -v --no-report",
        "check unsettled.csv -c part --as made=day-first",
    ),
    _run("weights", "fill people.csv -c sex -x x --weights w -v -r sex.json"),
    _run(
        "EM is stopped before it has converged",
        "fill people.csv -c sex -x x -x y --covariance vei --max-iter 1 -r sex.json",
    ),
    # Files
    _run("columns beside the filled one", f"{SHORT} --probability --probabilities --indicator --no-report"),
    _run("changed cells alone", f"{SHORT} --diff -r sex.json", "fill quoted.csv -c kind --diff -q"),
    _run("imputations in files of their own", f"{SHORT} --imputations 2 -r sex.md"),
    _run("imputations in one file", "fill short.csv -c g --covariance diag --imputations 2 --long --no-report"),
    _run(
        "drawn labels without headers",
        "fill bare.csv -c 1 -x 3 --no-headers --method draw --no-advice -r sex.md -r sex.html",
        has_pictures=True,
    ),
    _run(
        "from standard input to standard output",
        "fill - -c sex -x x --covariance tied -o - -r sex.json",
        "fill -c sex -x x --covariance tied --no-report -q -o all.csv.xz",
        stdin="people.csv.gz",
    ),
    _run("UTF-16 with decimal commas", "fill comma16.csv -c sex -x x --covariance tied --decimal , -r sex.json"),
    _run(
        "pipes and decimal commas below a title in Latin 1",
        "fill old.txt -c sex -x x -x y --skip-lines 2 -d | --decimal , -e latin-1 -o new.csv.gz --covariance evi --no-report",
    ),
    _run(
        "quotes and line ends of both kinds", "fill quoted.csv -c kind --keep-value b --covariance tied -r kind.json -v"
    ),
    _run("in place with a backup", f"{SHORT} --in-place --backup .bak --no-report", f"{SHORT} --in-place --no-report"),
    _run("a dry run, and a quiet one", f"{SHORT} --dry-run", f"{SHORT} -q --no-report"),
    _run(
        "colours on a terminal",
        f"{SHORT} --no-report --no-progress",
        f"{SHORT} --dry-run --color never",
        on_terminal=True,
    ),
    _run(
        "colours in a pipe, quiet by the environment",
        f"{SHORT} --dry-run --color always",
        "check people.csv -c sex",
        environment=(("EM_IMPUTE_SEED", "3"),),
    ),
    _run(
        "a log of what was done",
        f"{SHORT} -o done.csv --no-report --log-file log.txt -q",
        "fill odd.csv -c h --log-file log.txt",
        "evaluate noise.csv -c dose --repeats 1 --single --strict --log-file log.txt",
    ),
    _run(
        "each of several files by itself",
        "fill --each part-0.csv short.csv people.csv -c g --covariance tied -o each --no-report",
        "fill --each 'part-[01].csv' -c g -x x --covariance tied -q --no-report --log-file log.txt",
        "fill --each part-0.csv part-1.csv -c g -r g.json",
    ),
    # Parts
    _run("a table in two parts", "fill part-0.csv part-1.csv -c g -x x -r g.json -r g.md -v", is_dated=False),
    _run("a table that is read in passes", "fill part-0.csv -c g -x x --max-memory 64M --covariance full -r g.json"),
    _run(
        "several columns of compressed parts",
        "fill part-2.csv.gz part-3.csv.gz -c g -c c --covariance tied --backend serial -r both.json",
    ),
    _run(
        "parts without labels into a folder",
        "fill blank/part-*.csv -c g -x x --labels a,b --covariance tied -o done -r g.json -r g.md",
    ),
    # Saved models
    _run(
        "a saved model",
        FITTED,
        "fill people.csv --model people.json -r again.json -r again.md -r again.html",
        has_pictures=True,
    ),
    _run(
        "a saved model where much has moved",
        FITTED,
        "fill moved.csv --model people.json -v -r moved.json -r moved.md",
        passed_on=("people.json",),
    ),
    _run(
        "a saved model and other kinds of cells",
        FITTED,
        "fill other.csv --model people.json -r other.json",
        "fill gaps.csv --model people.json --dry-run",
        "fill men.csv --model people.json --dry-run",
        passed_on=("people.json",),
    ),
    _run(
        "a saved model for few rows, and for none",
        FITTED,
        "fill two.csv --model people.json -r two.json -r two.md",
        "fill none.csv --model people.json -r none.json",
        passed_on=("people.json",),
    ),
    _run("a saved model of one mixture", FIRST, "fill gaps.csv --model first.json -r gaps.json"),
    _run(
        "a saved model of rows without labels",
        "fill blank.csv -c g --labels a,b --covariance tied --no-report -q --save-model blank.json",
        "fill blank.csv --model blank.json -r g.json",
    ),
    _run(
        "a saved model of parts, applied to parts",
        "fill part-0.csv -c g -x x --covariance tied --save-model parts.json -q",
        "fill part-0.csv part-1.csv --model parts.json -r g.json",
    ),
    _run("a saved model is tried", FIRST, "fill moved.csv -c sex --model first.json --dry-run"),
    _run(
        "numbers in disguise and what the user says of columns",
        "fill disguised.csv -c trade -v -r disguised.json --save-model disguised.model.json",
        "fill disguised.csv --model disguised.model.json -o again.csv",
        "fill disguised.csv -c trade --as note=ignore --as opened=text --as rooms=category -o told.csv",
        "fill disguised.csv -c trade -x opened -x rooms -r few.json -o few.csv",
        "check disguised.csv -c trade --as income=number",
        passed_on=("disguised.model.json",),
    ),
    # The other commands
    _run(
        "check says what it would use",
        "check people.csv -c sex --json",
        "check doubtful.csv -c tree",
        "check whole.csv -c g",
        "check coded.csv",
        "check quoted.csv -c 1 -x 2 -n --keep-value NA --null-value kind",
    ),
    _run("an evaluation", "evaluate people.csv -c sex -x x --repeats 2 -r e.json", is_dated=False),
    _run(
        "an evaluation that hides by class",
        "evaluate people.csv -c sex -x x --covariance tied --hide-label man=0 --hide 0.4 --repeats 2 -r e.json",
    ),
    _run(
        "an evaluation of random rows on a terminal",
        "evaluate alike.csv -c g --how random --covariance tied --repeats 1 -r e.json",
        "evaluate alone.csv -c g --repeats 1 --json -q",
        on_terminal=True,
    ),
    _run(
        "an evaluation of two columns",
        "evaluate people.csv -c sex -c hand -x x -x colour --null-value NA --weights w --single --repeats 1 -r e.json",
    ),
    _run(
        "an evaluation of a compressed file",
        "evaluate people.csv.gz -c sex -x x --covariance tied --how by-class --repeats 1 --json",
    ),
    _run("all columns with gaps", "fill people.csv --all --covariance tied -r r.json"),
    _run(
        "why rows are filled so",
        "why people.csv -c sex --line 2 --line 13",
        "why people.csv -c sex -x x -x colour --line 2 --line 13 --json -q",
        "why wide.csv -c g --covariance tied --line 2 --json",
    ),
    _run(
        "an explanation",
        "explain people.csv -c sex --line 2 --line 13",
        "explain people.csv -c sex --line 2 --line 13 --json -q",
    ),
    _run(
        "an explanation without labels",
        "explain blank.csv -c g --labels a,b --steps all --rows 1 --tol 1 --color never",
        "explain blank.csv -c g --labels a,b --tol 0.1 --steps all --rows 1 --json -q",
        on_terminal=True,
    ),
    _run(
        "an explanation of one step, of huge numbers and of labels alike",
        "explain blank.csv -c g --labels a,b --max-iter 1 --json",
        "explain huge.csv -c g --json",
        "explain alike.csv -c g --max-iter 1 --json",
    ),
    _run(
        "an explanation with a prior and of a collapse",
        "explain people.csv.gz -c sex --prior-strength 1 --line 2 --json -q",
        "explain few.csv -c g",
        "explain few.csv -c g --json -q",
    ),
    _run(
        "an explanation that moves",
        "explain short.csv -c g -x x -x y --max-iter 3 --covariance tied --animate em.gif",
        has_pictures=True,
    ),
    _run("help on a narrow terminal", "--help", "report --help", environment=(("COLUMNS", "72"),)),
    _run("the version and a schema", "--version", "schema --of explanation"),
    # What goes wrong
    _run(
        "command lines that can never work",
        "fill",
        "fill people.csv",
        "fill people.csv -c sex --colum x",
        "fill people.csv -c sex -c sex",
        "fill people.csv -c sex --covariance round",
        "fill people.csv -c sex --seed x",
        "fill people.csv -c sex --tol -1",
        "fill people.csv -c sex --min-probability 2",
        "fill people.csv -c sex --decimal ;",
        "fill people.csv -c sex --delta man",
        "fill people.csv -c sex --delta child=1",
        "fill people.csv -c sex --labels a",
        "fill blank.csv -c g --labels a,b --components 3",
        "fill people.csv -c sex --unlabelled-weight 2",
        "fill people.csv -c sex --null-value x --keep-value x",
        "fill people.csv -c sex -r sex.txt",
        "fill people.csv -c sex -r sex.html",
        "fill people.csv -c sex -r sex.json --no-report",
        "fill people.csv -c sex -o people.csv",
        "fill people.csv -c sex -o x.parquet",
        "fill people.csv -c sex -r x.json --save-model x.json",
        "fill people.csv -c sex -o x.csv --in-place",
        "fill people.csv -c sex --backup .bak",
        "fill people.csv -c sex --imputations 3 --method map",
        "fill people.csv -c sex --long",
        "fill people.csv -c sex --method draw --min-probability 0.9",
        "fill people.csv -c sex --workers 2",
        "fill people.csv -c sex --backend serial --scheduler tcp://127.0.0.1:8786",
        "fill people.csv -c sex --max-memory much",
        "fill part-0.csv part-1.csv -c g --in-place",
        "fill people.csv -c sex -r - -o -",
        "evaluate people.csv -c sex --hide 1.5",
        "evaluate people.csv -c sex --hide-label man=1",
        "explain people.csv -c sex --steps few",
        "explain people.csv -c sex --animate em.png",
        "report people.csv -o x.txt",
        "schema --of table",
        environment=(("EM_IMPUTE_DELIMITER", ","),),
    ),
    _run(
        "lines that are no rows",
        "fill lines.csv -c sex -x x --covariance tied --comment # --indicator -v -r sex.json",
        "fill lines.csv -c sex",
        "check lines.csv -c sex --comment #",
        "fill lines.csv -c sex -x x --covariance tied --comment # --all-lines",
    ),
    _run(
        "inputs that cannot be used",
        "fill gone.csv -c sex",
        "fill people.csv -c sec",
        "fill people.csv -c 9",
        "fill people.csv -c sex -x shoe",
        "fill blank.csv -c g --order-by shoe --labels a,b",
        "fill people.csv -c sex --by shoe",
        "fill people.csv -c sex --weights colour",
        "fill people.csv -c sex -e utf-17",
        "fill people.csv -c sex -d ::",
        "fill people.csv.gz -c sex -e ascii --skip-lines 99",
        "fill old.txt -c sex",
        "fill empty.csv -c g",
        "fill ragged.csv -c g",
        "fill twins.csv -c x",
        "fill people.csv --model gone.json",
        "fill people.csv --model people.csv",
        "evaluate people.csv -c sex --hide-label child=0.5",
        "explain people.csv -c sex --line 99",
        "report people.csv -o x.md",
        "report gone.json -o x.md",
        "check people.csv -c shoe",
    ),
    _run(
        "no model can be fitted",
        "fill blank.csv -c g",
        "fill single.csv -c g",
        "fill words.csv -c g",
        "fill whole.csv -c g -x g",
        "fill flat.csv -c g --components 99 --no-report",
        "evaluate blank.csv -c g",
        "explain words.csv -c g",
        "fill few.csv -c g --covariance full --prior-strength 0",
    ),
    _run(
        "outputs that cannot be written",
        f"{SHORT} -o gone/x.csv",
        f"{SHORT} -o blank --no-report",
        f"{SHORT} -o short.csv --no-clobber",
        f"{SHORT} --no-report --save-model gone/x.json",
        f"{SHORT} --log-file gone/log.txt",
        "fill whole.csv -c g -q -r g.json -o whole.txt",
        "report g.json -o g.json.md -q",
        "report g.json -o g.json.md --no-clobber -q",
        "report g.json -o gone/x.md",
        "explain people.csv -c sex -x x --animate gone/em.gif",
        has_pictures=True,
    ),
    _run(
        "what pipelines ask for",
        "fill few.csv -c g --no-report -qq --quote none",
        "fill few.csv -c g --no-report -o no.csv --fail-on W01",
        "fill few.csv -c g --no-report -o no.csv --min-accuracy 1",
        "fill few.csv -c g --json --dry-run",
    ),
    _run(
        "warnings are refused where they count",
        "fill few.csv -c g --strict",
        "evaluate few.csv -c g --strict --repeats 1",
        "fill two.csv -c sex --debug",
        "fill few.csv -c g --single --strict -q",
        f"{SHORT} --strict --no-report",
    ),
]

RUNS = {one.name: one for one in ALL}
