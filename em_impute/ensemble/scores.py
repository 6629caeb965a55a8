"""What the mixtures of an ensemble score on labels held out, beside each other."""

from typing import Literal

import numpy as np

from em_impute.em.blocks import Floats
from em_impute.ensemble.candidates import FULL
from em_impute.ensemble.ensemble import TEMPERATURES
from em_impute.ensemble.fit import EnsembleFit
from em_impute.ensemble.transforms import PLAIN
from em_impute.ensemble.values import HeldOutLosses

Verdict = Literal["helped", "hurt", "made no difference"]


def score(ensemble: EnsembleFit) -> tuple[HeldOutLosses, Verdict]:
    """Compare the predictions of the held-out labels, and say what rows without a label did to the leading mixture."""
    comparison = ensemble.comparison
    weight = comparison.weight

    def log_loss(surprise: Floats) -> float:
        return float(weight @ surprise / weight.sum())

    best = {
        member: comparison.surprise[i, comparison.log_loss[i].argmin()] for i, member in enumerate(comparison.members)
    }
    leader = ensemble.leader
    alone = best.get(leader._replace(steps=0), best[leader])  # of a plain mixture EM is a part
    with_em = [best[member] for member in best if member.steps and member._replace(steps=leader.steps) == leader]
    em = best[leader] if leader.steps else min(with_em, key=log_loss, default=alone)
    usual = [member for member in best if member.view == PLAIN and member.per_label == 1]
    # Without covariances, which so many predictors make too dear, the freest that there is.
    plain = max(
        usual, key=lambda one: (one.shrinkage.family == "full", one.is_baseline, one.shrinkage == FULL, one.steps)
    )
    plain_em = comparison.surprise[comparison.members.index(plain), TEMPERATURES.index(1.0)]
    losses = HeldOutLosses(
        stack=ensemble.stacked_log_loss,
        single=log_loss(best[leader]),
        labels_only=log_loss(alone),
        plain_em=log_loss(plain_em),
        majority=log_loss(-np.log(comparison.of_truth(comparison.shares))),
    )
    return losses, _verdict(weight * (alone - em))


def _verdict(gain: Floats) -> Verdict:
    """Call what is beyond one standard error."""
    is_clear = abs(gain.mean()) > gain.std() / np.sqrt(gain.size)
    return ("helped" if gain.mean() > 0.0 else "hurt") if is_clear else "made no difference"
