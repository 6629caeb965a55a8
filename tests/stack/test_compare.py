"""What members say of held-out labels against fits made from scratch without these rows; efforts and scores."""

import numpy as np
import pytest
from builders import rows_of
from oracles import hide

from em_impute.stack import scores as scores_module
from em_impute.stack.batch import fit_labels, gather
from em_impute.stack.compare import LEAST_CHANCE, TEMPERATURES, compare
from em_impute.stack.effort import (
    MAX_LABELLED,
    MAX_TERMS,
    MAX_UNLABELLED,
    MIN_UNLABELLED,
    PREDICTING_WORK,
    affordable_members,
    count_terms,
    effort_for,
    refit_rows,
    row_cost,
)
from em_impute.stack.folds import held_out
from em_impute.stack.members import FULL, Member, plans
from em_impute.stack.predictive import make_scorer
from em_impute.stack.scores import score
from em_impute.stack.shrinkage import Shrinkage
from em_impute.stack.stack import fit_stack
from em_impute.stack.terms import group_rows
from em_impute.stack.views import fit_views


def silent(_detail):
    """Watch nothing."""


def mixed_rows(n_rows=70, n_labelled=40, missing=0.2, seed=1):
    """Rows of two labels in two numbers and a category of three texts; labelled ones first."""
    rng = np.random.default_rng(seed)
    truth = np.arange(n_rows) % 2
    x = hide(rng, rng.normal(size=(n_rows, 2)) + 1.2 * truth[:, None], missing, np.nan)
    codes = np.where(rng.random(n_rows) < 0.6, truth, rng.integers(-1, 3, n_rows))[:, None]
    return rows_of(x, np.where(np.arange(n_rows) < n_labelled, truth, -1), codes, (3,))


def compared(examples, n_labels=2, *, thrifty=False, seed=0):
    views = fit_views(examples.predictors)
    return views, compare(examples, views, n_labels, thrifty=thrifty, seed=seed, tell=silent)[0]


def score_from_scratch(examples, view, member, out, n_labels=2):
    """Fit one member to the rows that are not held out, and nothing but them; score those that are.

    The shares of the texts, to which those of a label are drawn, are all rows' in both: they do not look at labels.
    """
    rest = gather(view, examples.take(np.flatnonzero(~out)), n_labels)
    material = type(rest)(**{**vars(rest), "base": gather(view, examples, n_labels).base})
    nobody = np.zeros((1, np.count_nonzero(~out)), dtype=bool)
    batch = fit_labels(material, nobody, [(member.shrinkage, member.draws_means_in)], (member.steps,))[member.steps]
    rows = np.flatnonzero(out)
    scores = np.empty((rows.size, n_labels))
    for place, row in enumerate(rows):
        (group,) = group_rows(view.show(examples.predictors.take(np.array([row]))), view, np.array([0]))
        scores[place] = make_scorer(group.observed, batch, np.arange(n_labels), n_labels).of(group.terms)[:, 0, 0]
    return rows, scores


# Held-out rows


CHECKED = [
    ("plain", Shrinkage(np.inf, 0.5), 0),
    ("plain", Shrinkage(0.1, 0.5), 25),
    ("symmetric", Shrinkage(1.0, 0.1), 3),
    ("numbers", Shrinkage(1.0, 0.5, independent=True), 3),
    ("mixed", Shrinkage(np.inf, 0.1), 3),
    ("mixed", Shrinkage(0.1, 0.5), 0),
    ("binned", Shrinkage(np.inf, 0.5), 0),
]


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_what_was_said_of_each_held_out_row_is_what_a_fit_without_its_fold_says(missing):
    examples = mixed_rows(missing=missing)
    views, found = compared(examples)
    held = held_out(examples.label, 0)
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
            for t, temperature in enumerate(TEMPERATURES):
                likely = np.exp(temperature * (scores - scores.max(axis=1, keepdims=True)))
                expected = likely / likely.sum(axis=1, keepdims=True)
                said = found.probability[i, t, fit // 5, np.searchsorted(found.row, rows)]
                # Held-out rows are subtracted from sums over all; 25 steps of EM magnify the rounding a little.
                np.testing.assert_allclose(said, expected, rtol=1e-6, atol=1e-9)
                n_checked += rows.size

    assert n_checked == len(CHECKED) * 4 * 8 * len(TEMPERATURES)


def test_rows_labels_and_shares_of_the_comparison_are_those_of_the_held_out_rows():
    examples = mixed_rows()._replace(weight=np.random.default_rng(2).uniform(0.5, 2.0, 70))
    label = examples.label.copy()
    label[39] = 2  # a label with a single row
    examples = examples._replace(label=label)

    _, found = compared(examples, 3)

    held = held_out(label, 0)
    np.testing.assert_array_equal(found.row, np.arange(39))
    np.testing.assert_array_equal(found.origin, np.arange(39))
    np.testing.assert_array_equal(found.label, label[:39])
    np.testing.assert_allclose(found.weight, examples.weight[:39] / examples.weight[:39].mean())
    for i in range(39):
        (fold,) = np.flatnonzero(held[:5, i])
        kept = [j for j in range(40) if not held[fold, j]]
        count = [sum(examples.weight[j] for j in kept if label[j] == k) for k in range(3)]
        assert found.fold[i] == fold
        np.testing.assert_allclose(found.shares[i], np.array(count) / sum(count))


def test_chances_and_log_losses_follow_from_the_probabilities():
    examples = mixed_rows()
    _, found = compared(examples)

    n_members, _, n_repeats, n_held, _ = found.probability.shape
    np.testing.assert_allclose(found.probability.sum(axis=-1), 1.0)
    for i in (0, n_members // 2, n_members - 1):
        for t in range(len(TEMPERATURES)):
            total = 0.0
            for j in range(n_held):
                for r in range(n_repeats):
                    chance = max(found.probability[i, t, r, j, found.label[j]], LEAST_CHANCE)
                    assert found.chance[i, t, r, j] == chance
                    total -= found.weight[j] * np.log(chance) / n_repeats
            np.testing.assert_allclose(found.log_loss[i, t], total / n_held)


# Effort


def test_more_columns_never_afford_more_rows():
    for n_patterns in (1, 50):
        efforts = [effort_for(n, n_patterns, 84, 25) for n in range(1, 320)]
        labelled, unlabelled, thrifty, independent = (
            np.array(values).astype(int) for values in zip(*efforts, strict=True)
        )
        assert (np.diff(labelled) <= 0).all()
        assert (np.diff(unlabelled) <= 0).all()
        assert (np.diff(thrifty) >= 0).all()
        assert thrifty[-1]
        assert (np.diff(independent) >= 0).all()
        assert (independent <= thrifty).all()
        assert (MIN_UNLABELLED <= unlabelled).all()


def test_small_tables_are_compared_whole_and_without_thrift():
    assert effort_for(2, 1, 84, 25) == (MAX_LABELLED, MAX_UNLABELLED, False, False)


def test_what_makes_fits_dear_makes_the_comparison_thrifty():
    # Many columns; many labels; many patterns of missing predictors, each with inverses of its own.
    assert effort_for(60, 1, 84, 25).thrifty
    assert effort_for(30, 1, 5000, 25).thrifty
    assert effort_for(30, 200, 84, 25).thrifty
    assert not effort_for(30, 1, 84, 3).thrifty


@pytest.mark.parametrize(
    ("n_columns", "n_patterns", "n_mixtures", "independent"),
    [(200, 1, 7 * 16 * 2, True), (50, 1000, 7 * 6 * 2, True), (60, 1, 7 * 16 * 2, False), (20, 200, 7 * 6 * 2, False)],
)
def test_where_one_inverse_of_every_covariance_takes_seconds_columns_are_independent(
    n_columns, n_patterns, n_mixtures, independent
):
    assert effort_for(n_columns, n_patterns, n_mixtures, 25).independent == independent


def test_members_whose_columns_are_independent_have_no_covariances_and_take_no_steps():
    some = plans(["plain", "binned"], 200, 20, 2, thrifty=True, independent=True)
    found = [member for plan in some for member in plan.members]

    assert {member.view for member in found} == {"plain", "binned"}
    assert all(member.shrinkage.independent for member in found if member.view == "plain")
    assert {(member.per_label, member.steps) for member in found} == {(1, 0)}


def test_the_matrix_of_terms_stays_small():
    for n_columns in (1, 7, 60, 256):
        terms = [1, *range(n_columns), *((i, j) for j in range(n_columns) for i in range(j + 1))]
        assert count_terms(n_columns) == len(terms)
        for n_rows in (effort_for(n_columns, 1, 84, 25).n_labelled, *refit_rows(n_columns, 84, 25)):
            assert n_rows * len(terms) <= MAX_TERMS


def test_members_are_refitted_to_fewer_rows_the_more_it_costs():
    for costs in ([(2, 10, 3), (2, 10, 25), (2, 100, 25)], [(1, 10, 25), (5, 10, 25), (50, 10, 25)]):
        rows = np.array([refit_rows(*cost) for cost in costs])
        assert (np.diff(rows, axis=0) <= 0).all()
        assert (rows >= MIN_UNLABELLED).all()


def test_at_least_one_member_can_always_be_afforded():
    assert affordable_members(10**12, np.array([1e6, 1.0, 1.0])) == 1
    assert affordable_members(0, np.full(7, 100.0)) >= 1


def test_as_many_members_are_kept_as_the_work_allows():
    cost = np.array([row_cost(3, 2), row_cost(3, 16), row_cost(3, 4), row_cost(20, 2)])
    for n_rows in (10, 10**6, 10**7, 10**8):
        affordable = [k for k in range(1, 5) if sum(cost[:k]) * n_rows <= PREDICTING_WORK]
        assert affordable_members(n_rows, cost) == max([1, *affordable])


# Scores


def two_classes(rng, n_labelled, n_unlabelled, apart, draw_unlabelled=None):
    """Two Gaussian classes of two numbers, some rows labelled; the others alike, or from elsewhere."""
    truth = np.arange(n_labelled + n_unlabelled) % 2
    x = rng.normal(size=(truth.size, 2)) + apart * truth[:, None]
    if draw_unlabelled is not None:
        x[n_labelled:] = draw_unlabelled(rng, n_unlabelled)
    return rows_of(x, np.where(np.arange(truth.size) < n_labelled, truth, -1))


def stack_of(examples, n_labels=2, *, single=False):
    n_to_fill = int(np.count_nonzero(examples.label < 0))
    return fit_stack(examples, n_labels, n_to_fill, 0, silent, single=single)


def log_loss_by_hand(stack, probability):
    """Mean −log of the true label's probability, a row and a repeat at a time; `probability` is (n_repeats, n_held, n_labels)."""
    found, total = stack.comparison, 0.0
    for j, label in enumerate(found.label):
        chances = [max(one[j, label], 1e-6) for one in probability]
        total -= found.weight[j] * np.mean(np.log(chances))
    return total / found.weight.sum()


@pytest.mark.parametrize("single", [True, False])
def test_scores_are_sums_over_held_out_rows_that_can_be_done_by_hand(single):
    examples = mixed_rows(n_rows=90)._replace(weight=np.random.default_rng(3).uniform(0.5, 2.0, 90))
    stack = stack_of(examples, single=single)
    found = stack.comparison

    def best(member):
        i = found.members.index(member)
        return min(log_loss_by_hand(stack, found.probability[i, t]) for t in range(len(TEMPERATURES)))

    said = score(stack)

    plain = found.members.index(Member("plain", 1, FULL, draws_means_in=False, steps=25))
    by_hand = {
        "stack": log_loss_by_hand(stack, [stack.held_probability]),
        "single": best(stack.leader),
        "labels_only": best(stack.leader._replace(steps=0)),
        "plain_em": log_loss_by_hand(stack, found.probability[plain, TEMPERATURES.index(1.0)]),
        "majority": log_loss_by_hand(stack, [found.shares]),
    }
    for name, expected in by_hand.items():
        np.testing.assert_allclose(getattr(said, name), expected, err_msg=name)


def test_the_single_mixture_scores_what_its_own_probabilities_say():
    # Repeats are averaged as probabilities here and as logarithms there: by Jensen's inequality the former lose less.
    stack = stack_of(mixed_rows(), single=True)
    said = score(stack)

    np.testing.assert_allclose(stack.held_probability.sum(axis=1), 1.0)
    assert said.single - 0.05 < said.stack <= said.single


def test_unlabelled_rows_help_where_few_labels_meet_two_heaps():
    # Three labels a class say little of where two heaps lie; 2,000 rows beside them say it all.
    verdicts, gains = [], []
    for seed in range(3):
        said = score(stack_of(two_classes(np.random.default_rng(seed), 6, 2000, 3.0), single=True))
        verdicts.append(said.unlabelled_rows)
        gains.append(said.labels_only - min(said.single, said.plain_em))

    assert verdicts.count("helped") >= 2
    assert "hurt" not in verdicts
    assert max(gains) > 0.05


def test_unlabelled_rows_from_elsewhere_do_not_help():
    # Two heaps that have nothing to do with the classes: they lie across what tells the labels apart.
    def across(rng, n_rows):
        heap = np.arange(n_rows) % 2
        return rng.normal(size=(n_rows, 2)) * 0.3 + np.column_stack([6.0 * heap - 2.5, 3.5 - 6.0 * heap])

    for seed in range(3):
        said = score(stack_of(two_classes(np.random.default_rng(seed), 120, 600, 1.5, across)))

        assert said.unlabelled_rows in {"hurt", "made no difference"}
        assert said.stack < said.labels_only + 0.02
        assert said.single < said.labels_only + 0.02


def test_the_stack_is_never_much_worse_than_labels_alone_or_than_shares():
    # Labels that the predictors do not explain: an honest stack says about the shares.
    rng = np.random.default_rng(4)
    examples = rows_of(rng.normal(size=(400, 3)), np.where(np.arange(400) < 200, rng.integers(0, 2, 400), -1))

    said = score(stack_of(examples))

    assert said.stack < said.majority + 0.03
    assert said.plain_em > said.stack


@pytest.mark.parametrize(
    ("gain", "verdict"),
    [
        ([0.3, 0.2, 0.4], "helped"),
        ([-0.3, -0.2, -0.4], "hurt"),
        ([1.0, -1.0, 0.1], "made no difference"),
        ([0.0, 0.0], "made no difference"),
    ],
)
def test_the_verdict_asks_for_more_than_one_standard_error(gain, verdict):
    assert scores_module._verdict(np.array(gain)) == verdict


def test_a_leader_of_several_gaussians_a_label_has_learnt_from_labels_only():
    # Four heaps in a row belong to the two classes by turns: one Gaussian a label says little.
    rng = np.random.default_rng(5)
    heap = np.arange(240) % 4
    x = rng.normal(size=(240, 2)) * 0.5 + 4.0 * np.column_stack([heap, np.zeros(240)])
    label = np.where(np.arange(240) < 160, heap % 2, -1)
    stack = stack_of(rows_of(x, label))

    said = score(stack)

    assert stack.leader.per_label > 1
    assert said.single == said.labels_only
    assert said.unlabelled_rows == "made no difference"
    assert said.stack < 0.2
    assert said.plain_em > 0.4
