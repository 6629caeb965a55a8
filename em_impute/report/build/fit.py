"""From a completed column to its report."""

from collections.abc import Sequence

from em_impute.diagnostics.extrapolation import left_empty
from em_impute.model.assign import count_by_band, least_certain
from em_impute.options import Request
from em_impute.pipeline.types import ColumnResult, InputTable
from em_impute.report.build.charts import baseline_of, chart_data_of
from em_impute.report.build.counted import Counted, filled_of, labels_of, missing_of, output_of
from em_impute.report.build.decisions import decisions
from em_impute.report.build.extrapolation import marked_of
from em_impute.report.build.label_errors import audit_of, suspects_of
from em_impute.report.build.missingness import missingness_of, sensitivity_of
from em_impute.report.build.mixture import convergence_of, mixture_of, selection_of
from em_impute.report.build.shared import features_of, head_of, input_of, notices, seconds_of
from em_impute.report.build.uncertainty import accuracy_of, sum_of_doubts, totals_of, wrong_of
from em_impute.report.build.warnings import warnings
from em_impute.report.model.fit import FitReport, GroupOfRows, Groups
from em_impute.report.model.shared import LabelledCell
from em_impute.table.output import WrittenFile

MAX_GROUPS_LISTED = 1000


def build_report(
    opened: InputTable, completion: ColumnResult, request: Request, command: str, outputs: Sequence[WrittenFile] | None
) -> FitReport:
    """Gather what is known about a completed column."""
    scan, diagnostics, line_of = opened.table.scan_seconds, completion.diagnostics, opened.table.line_of
    timings = {"scan": scan, "read": opened.seconds - scan, **completion.timings}
    if outputs:
        timings["patch"] = sum(one.seconds for one in outputs)
    counted, design = _counted(completion), completion.design
    uncertainty = diagnostics.uncertainty if diagnostics else None
    totals, wrong = totals_of(uncertainty, counted), wrong_of(uncertainty, counted.wrong)
    is_examined = diagnostics is not None and design is not None
    marked = marked_of(diagnostics.flagged, design, line_of) if diagnostics and design else None
    return FitReport(
        **head_of(request, command),
        timings=seconds_of(timings),
        input=input_of(opened),
        output=output_of([(str(one.path) if one.path else None, one.sha256, one.bytes) for one in outputs or ()]),
        column=completion.target,
        labels=labels_of(counted),
        missing=missing_of(counted),
        filled=filled_of(counted, _least_certain(opened, completion), request, is_drawn=completion.fills.is_drawn),
        features=features_of(design),
        model=mixture_of(completion),
        fit=convergence_of(completion),
        selection=selection_of(completion.choice),
        groups=_groups(opened, completion),
        accuracy=accuracy_of(completion, wrong),
        totals=totals,
        missingness=missingness_of(completion) if is_examined else None,
        sensitivity=sensitivity_of(diagnostics.sensitivity) if diagnostics and design else None,
        suspect_labels=suspects_of(diagnostics.audit, counted.labels, line_of) if diagnostics and design else (),
        audit=audit_of(diagnostics.audit) if diagnostics and design else None,
        marked=marked,
        log=decisions(opened, completion, request),
        warnings=notices(warnings(completion, totals, wrong, marked)),
        plain_em=baseline_of(diagnostics.baseline_em, design.labels) if diagnostics and design else None,
        pictures=chart_data_of(diagnostics.pictures, diagnostics.baseline_em, completion.labels)
        if diagnostics and design
        else None,
    )


def _counted(completion: ColumnResult) -> Counted:
    """Count the cells of a column that was read as a whole."""
    labels, fills, diagnostics = completion.labels, completion.fills, completion.diagnostics
    filled = fills.code >= 0
    return Counted(
        labels=labels.labels,
        known=labels.known,
        n_rows=labels.label.size,
        n_missing=labels.n_missing,
        tokens=labels.tokens,
        by_band=count_by_band(fills, len(labels.labels)),
        expected=fills.expected,
        wrong=sum_of_doubts(fills),
        left_empty={} if diagnostics is None else left_empty(fills.row, fills.code, diagnostics.flagged),
        lowest=float(fills.probability.min(where=filled, initial=1.0)),
        n_without_predictors=0 if diagnostics is None else diagnostics.flagged.without_predictors.size,
    )


def _least_certain(opened: InputTable, completion: ColumnResult) -> list[LabelledCell]:
    fills, labels = completion.fills, completion.labels.labels
    least = least_certain(fills)
    lines = opened.table.line_of(fills.row[least]).tolist() if least.size else []
    return [
        LabelledCell(line=line, label=labels[fills.code[at]], probability=float(fills.probability[at]))
        for line, at in zip(lines, least.tolist(), strict=True)
    ]


def _groups(opened: InputTable, completion: ColumnResult) -> Groups | None:
    if completion.groups is None or opened.groups is None:
        return None
    return Groups(
        column=opened.groups[0],
        number=len(completion.groups),
        groups=[
            GroupOfRows(group=one.name, **{key: value for key, value in one._asdict().items() if key != "name"})
            for one in completion.groups[:MAX_GROUPS_LISTED]
        ],
    )
