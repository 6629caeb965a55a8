"""Known labels that look wrong."""

from collections.abc import Callable, Sequence

import numpy as np

from em_impute.diagnostics.label_errors import Audit
from em_impute.em.blocks import Integers
from em_impute.report.model.diagnostics import AuditResult, SuspectLabel


def suspects_of(
    audit: Audit | None, labels: Sequence[str], line_of: Callable[[Integers], np.ndarray]
) -> tuple[SuspectLabel, ...]:
    """List known labels that look wrong, the least probable first.

    `labels` are those of the column, and `line_of` tells the physical lines, 1-based, at which rows begin.
    """
    if audit is None:
        return ()
    lines = line_of(np.array([one.row for one in audit.suspects], np.intp)).tolist()
    return tuple(
        SuspectLabel(
            line=line,
            label=labels[one.label],
            probability=one.probability,
            likely=labels[one.likely],
            likely_probability=one.likely_probability,
        )
        for line, one in zip(lines, audit.suspects, strict=True)
    )


def audit_of(audit: Audit | None) -> AuditResult | None:
    """Say how labels were judged; None where nothing could be."""
    if audit is None:
        return None
    return AuditResult(
        examined=audit.examined,
        threshold=audit.threshold,
        found=audit.n_suspects,
        expected=audit.expected,
        drawn_from=audit.drawn_from,
    )
