"""Sections about the whole column: totals, what another mix would change, known labels that look wrong."""

from em_impute.report.document.accuracy import place
from em_impute.report.document.blocks import Block, Details, Name, Section, folded
from em_impute.report.format import number, percent, percents, small_percent, span
from em_impute.report.model.fit import FitReport
from em_impute.table.text import plural

MAX_ROWS = 20

COUNTS = (
    "How many rows of each label the whole column holds. Expected counts add up the probabilities; counting "
    "filled labels overstates the more likely one."
)

SHARES = (
    "If the rows are a sample, these are the shares in the population, by Rubin’s rules. Missing information: the part "
    "of the uncertainty that comes from the missing labels."
)


WHAT_IF = (
    "What would follow if missing labels had another mix: suppose the odds of a label are exp(δ) times as high where "
    "it is missing. At δ = 0 nothing changes, at δ = 1 they are 2.7 times as high."
)


def the_totals(report: FitReport) -> Section | None:
    """Count the rows of each label in several ways, and tell what shares follow, were the rows a sample."""
    totals, drawn = report.totals, report.totals.multiple_imputation or {}
    if not report.missing.cells:
        return None
    head = ["label", "known", "filled in", "together", "expected", "of all", *(["drawn (95 %)"] if drawn else [])]
    ends = {label: [f"{number(one.estimate)} ({span(one.low, one.high)})"] for label, one in drawn.items()}
    rows = [
        [
            Name(one.label),
            one.known,
            one.filled,
            totals.most_probable[one.label],
            totals.expected[one.label],
            percent(one.share_expected),
            *ends.get(one.label, []),
        ]
        for one in report.labels
    ]
    blocks = [COUNTS, *folded("Rows of each label", head, rows, by=3)]
    shares = [
        [Name(label), percent(one.estimate), percents(one.low, one.high), percent(one.missing_information)]
        for label, one in (totals.shares or {}).items()
    ]
    if shares:
        table = folded("Shares in the population", ["label", "share", "95 %", "missing information"], shares)
        blocks.append(Details("If the rows are a sample", [SHARES, *table]))
    return Section("totals", "Totals", blocks)


def what_if_not(report: FitReport) -> Section | None:
    """Show what follows if labels are missing more often in one class."""
    found = report.sensitivity
    if found is None or not found.sweeps:
        return None
    head = ["label", *(f"δ = {delta:g}" for delta in found.deltas)]
    rows = [[Name(one.label), *(percent(share) for share in one.share)] for one in found.sweeps]
    left_out = f"; {plural(found.labels_left_out, 'less common label')} left out" if found.labels_left_out else ""
    blocks = [WHAT_IF, *folded(f"Expected share of all rows{left_out}", head, rows)]
    return Section("delta", "If missingness depends on the label", blocks)


def suspects(report: FitReport) -> Section | None:
    """List known labels that look wrong."""
    audit, listed = report.audit, report.suspect_labels
    if audit is None:
        return None
    drawn = f" drawn from {audit.drawn_from:,}" if audit.drawn_from else ""
    have = f"{audit.found:,} of {plural(audit.examined, 'known label')}{drawn} {'has' if audit.found == 1 else 'have'}"
    chance = f"below {100.0 * audit.threshold:g} % ({number(round(audit.expected, 1))} expected by chance)"
    judged = "Each was judged by a model that had not seen it, or in a large table by that of all rows."
    blocks: list[Block] = [f"{have} a probability {chance}. {judged} None was changed."]
    rows = [
        [place(one), Name(one.label), small_percent(one.probability), Name(one.likely), percent(one.likely_probability)]
        for one in listed[:MAX_ROWS]
    ]
    head = ["line", "label", "its probability", "more likely", "probability"]
    more = f": the {len(rows)} least probable of {audit.found:,}" if audit.found > len(rows) else ""
    blocks += folded(f"Known labels that look wrong{more}", head, rows)
    return Section("suspects", "Known labels that look wrong", blocks)
