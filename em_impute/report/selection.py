"""How the model was chosen: criterion, members, scores."""

from typing import Any

import numpy as np

from em_impute.ensemble.cross_validation import TEMPERATURES
from em_impute.ensemble.fit import Stack, score
from em_impute.model.select import Candidate, Choice

__all__ = ["leading_section", "selection_section"]


def selection_section(choice: Choice | None) -> dict[str, Any] | None:
    """List what was considered, with its score and what it counts for."""
    if choice is None:
        return None
    if choice.stack is not None:
        return {"criterion": choice.criterion, **_stacked(choice.stack)}
    chosen = (choice.recipe.family, choice.n_groups)
    members = [
        {
            "covariance": one.covariance,
            **_scores(one),
            "weight": float((one.covariance, one.components) == chosen),
            **({"note": one.note} if one.note else {}),
        }
        for one in choice.candidates
    ]
    held_out = choice.held_out
    scores = {} if held_out is None else {"single": held_out.log_loss, "majority": held_out.baseline_log_loss}
    return {"criterion": choice.criterion, "members": members, "scores": scores}


def leading_section(stack: Stack) -> dict[str, Any]:
    """Say what distinguishes the leading mixture, beside its parameters."""
    member = stack.leader
    return {
        "share_of_stack": float(stack.weight[stack.leading].sum()),
        "em_steps": member.steps,
        "temperature": TEMPERATURES[int(stack.comparison.log_loss[stack.leading].argmin())],
        "shrinkage": {"pooled": member.shrinkage.pooled, "diagonal": member.shrinkage.diagonal},
    }


def _scores(candidate: Candidate) -> dict[str, Any]:
    if candidate.components is None:
        return {"log_loss": candidate.score}
    return {"components": candidate.components, "bic": candidate.score, "icl": candidate.icl}


def _stacked(stack: Stack) -> dict[str, Any]:
    *losses, unlabelled = score(stack)._asdict().items()
    weight = stack.weight.sum(axis=1)
    members = []
    for i in np.argsort(-weight, kind="stable").tolist():
        if weight[i] == 0.0:
            break
        member, loss = stack.comparison.members[i], stack.comparison.log_loss[i]
        members.append(
            {
                "view": member.view,
                "covariance": member.shrinkage.family,
                "components": member.per_label,
                "em_steps": member.steps,
                "shrinkage": {
                    "pooled": member.shrinkage.pooled,
                    "diagonal": member.shrinkage.diagonal,
                    "means": member.draws_means_in,
                },
                "temperatures": {
                    str(t): float(w) for t, w in zip(TEMPERATURES, stack.weight[i].tolist(), strict=True) if w
                },
                "log_loss": float(loss.min()),
                "weight": float(weight[i]),
            }
        )
    return {
        "considered": weight.size,
        "trust": stack.trust,
        "members": members,
        "scores": dict(losses),
        **dict([unlabelled]),
    }
