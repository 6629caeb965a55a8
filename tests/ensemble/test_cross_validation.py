"""What members say of held-out labels against fits made from scratch without these rows; efforts and scores."""

import numpy as np
import pytest
from builders import mixed_rows, rows_of, stack_of
from sampling import rarely
from scipy.special import softmax

from em_impute.ensemble import scores as scores_module
from em_impute.ensemble.batched_em import fit_labels, gather
from em_impute.ensemble.candidates import (
    BASELINE_SHRINKAGES,
    CONVERGED,
    MAX_LABELLED,
    MAX_UNLABELLED,
    PREDICTING_WORK,
    Budget,
    Member,
    affordable_members,
    budget_for,
)
from em_impute.ensemble.cross_validation import compare
from em_impute.ensemble.ensemble import TEMPERATURES
from em_impute.ensemble.folds import draw_unlabelled, held_out
from em_impute.ensemble.scores import score
from em_impute.ensemble.shrinkage import Shrinkage
from em_impute.ensemble.student_t import make_scorer
from em_impute.ensemble.sufficient_statistics import group_rows
from em_impute.ensemble.transforms import fit_views


def compared(examples, n_labels=2, *, thrifty=False, seed=0):
    views = fit_views(examples.predictors)
    budget = Budget(MAX_LABELLED, MAX_UNLABELLED, thrifty, independent=False)
    asked = examples.take(draw_unlabelled(examples, examples.label.size))
    return views, compare(examples, asked, views, n_labels, budget, seed, lambda _: None)[0]


def score_from_scratch(examples, view, member, out, n_labels=2):
    """Fit one member to the rows that are not held out, and nothing but them; score those that are.

    The shares of the texts, to which those of a label are drawn, are all rows' in both: they do not look at labels.
    """
    rest = gather(view, examples.take(np.flatnonzero(~out)), n_labels)
    data = type(rest)(**{**vars(rest), "base": gather(view, examples, n_labels).base})
    nobody = np.zeros((1, np.count_nonzero(~out)), dtype=bool)
    batch = fit_labels(data, nobody, [(member.shrinkage, member.draws_means_in)], (member.steps,))[member.steps]
    rows = np.flatnonzero(out)
    scores = np.empty((rows.size, n_labels))
    for place, row in enumerate(rows):
        (group,) = group_rows(view.show(examples.predictors.take(np.array([row]))), np.array([0]))
        scores[place] = make_scorer(group.observed, batch, np.arange(n_labels), n_labels).of(group.terms)[:, 0, 0]
    return rows, scores


# Held-out rows


def said_by(found, member, temperature):
    """What a member said of the rows held out, (n_repeats, n_held, n_labels)."""
    return softmax(temperature * np.moveaxis(found.score[:, member], 0, -1), axis=-1)


CHECKED = [
    ("plain", Shrinkage(np.inf, 0.5), 0),
    ("plain", Shrinkage(0.1, 0.5), 25),
    ("symmetric", Shrinkage(1.0, 0.1), 3),
    ("numbers", Shrinkage(1.0, 0.5, independent=True), 3),
    ("mixed", Shrinkage(np.inf, 0.1), 3),
]


@pytest.mark.parametrize("missing", [rarely(0.0), 0.2])
def test_what_was_said_of_each_held_out_row_is_what_a_fit_without_its_fold_says(missing):
    examples = mixed_rows(70, 40, missing=missing)
    views, found = compared(examples)
    held = held_out(examples, 0)
    n_checked = 0
    for view_name, shrinkage, steps in CHECKED:
        (view,) = (one for one in views if one.name == view_name)
        (i,) = (
            i
            for i, member in enumerate(found.members)
            if (*member[:3], member.steps) == (view_name, 1, shrinkage, steps)
        )
        for fit in (0, 4, 7, 14):  # folds of the first repeat, and of the others
            rows, scores = score_from_scratch(examples, view, found.members[i], held[fit])
            for temperature in TEMPERATURES:
                likely = np.exp(temperature * (scores - scores.max(axis=1, keepdims=True)))
                expected = likely / likely.sum(axis=1, keepdims=True)
                said = said_by(found, i, temperature)[fit // 5, np.searchsorted(found.held.numbers, rows)]
                # Held-out rows are subtracted from sums over all; 25 steps of EM magnify the rounding a little.
                np.testing.assert_allclose(said, expected, rtol=1e-6, atol=1e-9)
                n_checked += rows.size

    assert n_checked == len(CHECKED) * 4 * 8 * len(TEMPERATURES)


def test_rows_labels_and_shares_of_the_comparison_are_those_of_the_held_out_rows():
    examples = mixed_rows(70, 40)._replace(weight=np.random.default_rng(2).uniform(0.5, 2.0, 70))
    label = examples.label.copy()
    label[39] = 2  # a label with a single row
    examples = examples._replace(label=label)

    _, found = compared(examples, 3)

    held = held_out(examples, 0)
    np.testing.assert_array_equal(found.held.numbers, np.arange(39))
    np.testing.assert_array_equal(found.held.label, label[:39])
    np.testing.assert_allclose(found.weight, examples.weight[:39] / examples.weight[:39].mean())
    for i in range(39):
        (fold,) = np.flatnonzero(held[:5, i])
        kept = [j for j in range(40) if not held[fold, j]]
        count = [sum(examples.weight[j] for j in kept if label[j] == k) for k in range(3)]
        assert found.fold[i] == fold
        np.testing.assert_allclose(found.shares[i], np.array(count) / sum(count))


# Effort


def test_what_makes_fits_dear_makes_the_comparison_thrifty():
    # Many columns; many labels; many patterns of missing predictors, each with inverses of its own.
    assert budget_for(2, 1, 84, 25) == (MAX_LABELLED, MAX_UNLABELLED, False, False)
    assert budget_for(60, 1, 84, 25).thrifty
    assert budget_for(30, 1, 5000, 25).thrifty
    assert budget_for(30, 200, 84, 25).thrifty
    assert not budget_for(30, 1, 84, 3).thrifty


def test_as_many_members_are_kept_as_the_work_allows():
    assert affordable_members(10**12, np.array([1e6, 1.0, 1.0])) == 1
    cost = np.array([180.0, 1440.0, 360.0, 904.0])
    for n_rows in (10, 10**6, 10**7, 10**8):
        affordable = [k for k in range(1, 5) if sum(cost[:k]) * n_rows <= PREDICTING_WORK]
        assert affordable_members(n_rows, cost) == max([1, *affordable])


# Scores


def log_loss_by_hand(ensemble, probability):
    """Mean −log of the true label's probability, a row and a repeat at a time; `probability` is (n_repeats, n_held, n_labels)."""
    found, total = ensemble.comparison, 0.0
    for j, label in enumerate(found.held.label):
        chances = [max(one[j, label], 1e-6) for one in probability]
        total -= found.weight[j] * np.mean(np.log(chances))
    return total / found.weight.sum()


@pytest.mark.parametrize("single", [True, False])
def test_scores_are_sums_over_held_out_rows_that_can_be_done_by_hand(single):
    examples = mixed_rows(90, 40)._replace(weight=np.random.default_rng(3).uniform(0.5, 2.0, 90))
    ensemble = stack_of(examples, single=single)
    found, stack = compared(examples)[1], stack_of(examples)  # the mixture that leads is told beside the ensemble

    def best(member):
        i = found.members.index(member)
        return min(log_loss_by_hand(ensemble, said_by(found, i, temperature)) for temperature in TEMPERATURES)

    said = score(ensemble)[0]

    plain = found.members.index(Member("plain", 1, BASELINE_SHRINKAGES[1], draws_means_in=False, steps=CONVERGED))
    by_hand = {
        "stack": log_loss_by_hand(ensemble, [stack.held_probability]),
        "single": best(ensemble.leader),
        "labels_only": best(ensemble.leader if ensemble.leader.is_baseline else ensemble.leader._replace(steps=0)),
        "plain_em": log_loss_by_hand(ensemble, said_by(found, plain, 1.0)),
        "majority": log_loss_by_hand(ensemble, [found.shares]),
    }
    for name, expected in by_hand.items():
        np.testing.assert_allclose(getattr(said, name), expected, err_msg=name)


@pytest.mark.parametrize(("gain", "verdict"), [([0.3, 0.2, 0.4], "helped"), ([0.0, 0.0], "made no difference")])
def test_the_verdict_asks_for_more_than_one_standard_error(gain, verdict):
    assert scores_module._verdict(np.array(gain)) == verdict


def test_rows_without_a_label_are_drawn_as_often_as_they_weigh():
    examples = rows_of(
        np.arange(6.0)[:, None], [0, -1, -1, -1, 1, -1], weight=np.array([1.0, 2.0, 1.0, 0.0, 1.0, 3.0]), merged=True
    )

    assert draw_unlabelled(examples, 10).tolist() == [1, 1, 2, 5, 5, 5]
    assert draw_unlabelled(examples, 2).tolist() == [1, 5]
