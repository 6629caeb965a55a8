"""The stack as a whole: what does not matter does not change it, and odd tables do not break it."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from builders import csv_of, design_of, rows_of
from oracles import hide
from scipy.special import logsumexp

from em_impute.fitting import examples_of
from em_impute.stack import compare as compare_module
from em_impute.stack import effort as effort_module
from em_impute.stack import stack as stack_module
from em_impute.stack.batch import fit_divided_labels, fit_labels, gather
from em_impute.stack.compare import TEMPERATURES
from em_impute.stack.folds import Examples, held_out
from em_impute.stack.predictive import make_scorer
from em_impute.stack.stack import fit_leader, fit_stack, predict
from em_impute.stack.terms import group_rows
from em_impute.stack.views import Predictors, plain_view


def silent(_detail):
    """Watch nothing."""


def stack_of(examples, n_labels=2, *, single=False, seed=0):
    n_to_fill = int(np.count_nonzero(examples.label < 0))
    return fit_stack(examples, n_labels, n_to_fill, seed, silent, single=single)


def predicted(examples, n_labels=2, **options):
    return predict(stack_of(examples, n_labels, **options), examples.predictors)


def mixed_rows(n_rows=80, n_labelled=44, missing=0.2, seed=1, n_labels=2):
    """Rows of a few labels in two numbers and a category of three texts; labelled ones first."""
    rng = np.random.default_rng(seed)
    truth = np.arange(n_rows) % n_labels
    x = hide(rng, rng.normal(size=(n_rows, 2)) + 1.2 * truth[:, None], missing, np.nan)
    codes = np.where(rng.random(n_rows) < 0.6, truth, rng.integers(-1, 3, n_rows))[:, None]
    return rows_of(x, np.where(np.arange(n_rows) < n_labelled, truth, -1), codes, (3,))


@pytest.fixture(scope="module")
def mixed():
    examples = mixed_rows()
    return examples, stack_of(examples)


@pytest.fixture(scope="module")
def alone():
    """The same rows, filled by the leading mixture."""
    return stack_of(mixed_rows(), single=True)


# Predictions


def naive_prediction(stack, predictors):
    """Predict row by row and mixture by mixture: tempered shares and densities, averaged by weight, beside shares."""
    n_rows = predictors.x.shape[0]
    probability = np.zeros((n_rows, stack.n_labels))
    for i in range(n_rows):
        row = predictors.take(np.array([i]))
        for voice in stack.voices:
            (group,) = group_rows(voice.view.show(row), voice.view, np.array([0]))
            scorer = make_scorer(group.observed, voice.batch, voice.component_label, stack.n_labels)
            score = scorer.of(group.terms)[..., 0].T
            for m, t in np.argwhere(voice.weight > 0):
                tempered = TEMPERATURES[t] * score[m]
                probability[i] += voice.weight[m, t] * np.exp(tempered - logsumexp(tempered))
    return stack.trust * probability + (1.0 - stack.trust) * stack.shares


def test_predictions_are_the_weighed_mean_of_tempered_members(mixed):
    examples, stack = mixed

    found = predict(stack, examples.predictors)

    np.testing.assert_allclose(found, naive_prediction(stack, examples.predictors), rtol=1e-8)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-12)
    assert len(stack.voices) > 1


def test_weights_of_the_voices_are_those_of_the_members(mixed):
    _, stack = mixed
    given = {
        member: weight
        for voice in stack.voices
        for member, weight in zip(voice.members, voice.weight.tolist(), strict=True)
    }

    np.testing.assert_allclose(stack.weight.sum(), 1.0, rtol=1e-12)
    assert given == {
        member: weight
        for member, weight in zip(stack.comparison.members, stack.weight.tolist(), strict=True)
        if any(weight)
    }


@pytest.mark.parametrize("chunk_rows", [1, 7, 80, 1 << 13])
def test_a_row_gets_the_same_whatever_other_rows_are_asked_for(mixed, monkeypatch, chunk_rows):
    examples, stack = mixed
    whole = predict(stack, examples.predictors)
    monkeypatch.setattr(stack_module, "CHUNK_ROWS", chunk_rows)
    order = np.random.default_rng(1).permutation(80)

    for rows in (np.arange(80), order, order[:11], order[:1]):
        np.testing.assert_allclose(predict(stack, examples.predictors.take(rows)), whole[rows], rtol=1e-9)


def test_no_row_gets_no_prediction(mixed):
    examples, stack = mixed

    assert predict(stack, examples.predictors.take(np.arange(0))).shape == (0, 2)


def test_a_row_that_shows_nothing_gets_about_the_shares_of_the_labels():
    # Every member says the shares, with half a row more of each label, tempered: flatter than they are.
    rng = np.random.default_rng(2)
    label = np.append(np.arange(90) % 3 == 0, np.full(30, -1)).astype(int)
    examples = rows_of(rng.normal(size=(120, 2)) + label[:, None].clip(0), label)
    nothing = Predictors(np.full((1, 2), np.nan), np.zeros((1, 0), dtype=int), (), 2)
    stack = stack_of(examples)

    found = predict(stack, nothing)[0]

    share = np.array([60.5, 30.5]) / 91
    weight = stack.trust * stack.weight.sum(axis=0)
    expected = sum(w * share**t / (share**t).sum() for w, t in zip(weight, TEMPERATURES, strict=True))
    expected += (1.0 - stack.trust) * share
    np.testing.assert_allclose(found, expected, atol=0.01)


def test_single_gives_all_weight_to_the_leader_at_its_best_temperature(mixed, alone):
    (examples, stacked), stack = mixed, alone
    t = stack.comparison.log_loss[stack.leading].argmin()

    assert stack.leading == stacked.leading
    assert [tuple(place) for place in np.argwhere(stack.weight)] == [(stack.leading, t)]
    assert stack.weight.sum() == 1.0

    # By hand: the leader fitted alone, its scores tempered.
    leader, (view,) = stack.leader, [voice.view for voice in stack.voices]
    nobody = np.zeros((1, 80), dtype=bool)
    setting = (leader.shrinkage, leader.draws_means_in)
    batch = fit_labels(gather(view, examples, 2), nobody, [setting], (leader.steps,))[leader.steps]
    expected = np.empty((80, 2))
    for i in range(80):
        (group,) = group_rows(view.show(examples.predictors.take(np.array([i]))), view, np.array([0]))
        score = TEMPERATURES[t] * make_scorer(group.observed, batch, np.arange(2), 2).of(group.terms)[:, 0, 0]
        expected[i] = np.exp(score - logsumexp(score))
    np.testing.assert_allclose(predict(stack, examples.predictors), expected, rtol=1e-7)


@pytest.mark.parametrize("steps", [0, 3, 25])
def test_the_leader_is_fitted_by_as_many_steps_as_the_comparison_chose(mixed, steps):
    examples, stack = mixed
    places = [(i, one) for i, one in enumerate(stack.comparison.members) if one.view == "plain" and one.steps == steps]
    place, member = places[0]

    component_label, batches = fit_leader(replace(stack, leading=place), examples, 0)

    view = plain_view(2)
    nobody = np.zeros((1, 80), dtype=bool)
    np.testing.assert_array_equal(component_label, [0, 1])
    assert len(batches) == steps + 1
    for n_steps in {0, steps}:  # the first has seen labelled rows only
        setting = [(member.shrinkage, member.draws_means_in)]
        expected = fit_labels(gather(view, examples, 2), nobody, setting, (n_steps,))[n_steps]
        for one, other in zip(expected, batches[n_steps], strict=True):
            np.testing.assert_allclose(other, one, rtol=1e-9, atol=1e-11)


def test_a_stack_that_says_more_than_the_shares_is_trusted_wholly_and_no_other():
    # Classes three deviations apart; and labels that have nothing to do with the numbers.
    rng = np.random.default_rng(3)
    label = np.where(np.arange(160) < 100, np.arange(160) % 2, -1)
    noise = rng.normal(size=(160, 2))

    clear, blind = (stack_of(rows_of(x, label)) for x in (noise + 3.0 * (np.arange(160) % 2)[:, None], noise))

    assert clear.trust == 1.0
    assert 0.0 < blind.trust < 1.0
    np.testing.assert_allclose(blind.shares, [0.5, 0.5])
    np.testing.assert_allclose(predict(blind, rows_of(noise, label).predictors).sum(axis=1), 1.0)


def test_the_shares_are_those_of_all_labelled_rows_by_weight():
    label = np.array([0] * 30 + [1] * 10 + [-1] * 20)
    weight = np.random.default_rng(4).uniform(0.5, 2.0, 60)
    stack = stack_of(rows_of(np.random.default_rng(5).normal(size=(60, 2)), label, weight=weight))

    count = np.array([sum(weight[:30]), sum(weight[30:40])]) + 0.5
    np.testing.assert_allclose(stack.shares, count / count.sum())


# What does not matter


def assert_same_stack(one, other, rtol=1e-7):
    assert one.leader == other.leader
    np.testing.assert_allclose(one.comparison.log_loss, other.comparison.log_loss, rtol=rtol)
    np.testing.assert_allclose(one.weight, other.weight, rtol=1e-5, atol=1e-6)


def whole_rows(n_rows=400, seed=3):
    """Rows of small whole numbers and a text, of which many are equal; each row by itself."""
    rng = np.random.default_rng(seed)
    truth = np.arange(n_rows) % 2
    x = np.floor(rng.exponential(1.0 + truth[:, None], size=(n_rows, 2))).clip(0, 4)
    codes = np.where(rng.random(n_rows) < 0.5, truth, 2)[:, None]
    label = np.where(np.arange(n_rows) % 3 > 0, truth, -1)
    return rows_of(x, label, codes, (3,))


def merged_of(examples):
    """Say equal rows once: the same as merged rows, and one by one but in the order of the merged ones."""
    whole = np.column_stack([examples.label, examples.predictors.codes, examples.predictors.x])
    _, first, index, count = np.unique(whole, axis=0, return_index=True, return_inverse=True, return_counts=True)
    merged = examples.take(first)._replace(weight=count.astype(float), merged=True, origin=None)
    return merged, examples.take(np.argsort(index.reshape(-1), kind="stable"))._replace(origin=None)


def test_merged_rows_give_the_stack_of_the_same_rows_unmerged():
    merged, apart = merged_of(whole_rows())
    assert merged.label.size < 0.3 * apart.label.size

    one, other = stack_of(merged), fit_stack(apart, 2, int((merged.label < 0).sum()), 0, silent, single=False)

    assert_same_stack(one, other)
    np.testing.assert_allclose(predict(one, merged.predictors), predict(other, merged.predictors), rtol=1e-5, atol=1e-7)


def test_other_names_for_the_labels_give_the_same_probabilities_under_these_names(monkeypatch):
    # Rows are dealt label by label, so that the folds are given here; and too few for divided labels.
    examples = mixed_rows(n_labelled=24, n_labels=3)
    held = held_out(examples.label, 0)
    monkeypatch.setattr(compare_module, "held_out", lambda *_: held)
    names = np.array([2, 0, 1])
    renamed = examples._replace(label=np.where(examples.label < 0, -1, names[examples.label]))

    straight, turned = stack_of(examples, 3), stack_of(renamed, 3)

    assert_same_stack(straight, turned)
    np.testing.assert_allclose(
        predict(turned, examples.predictors)[:, names], predict(straight, examples.predictors), rtol=1e-6
    )


def test_the_order_of_the_columns_does_not_matter():
    examples = mixed_rows(n_labelled=16)
    x = examples.predictors.x
    turned = examples._replace(predictors=examples.predictors._replace(x=x[:, [1, 0, 3, 2]]))

    np.testing.assert_allclose(predicted(turned), predicted(examples), rtol=1e-6)


def test_positive_scales_and_shifts_of_a_column_do_not_matter(tmp_path):
    rng = np.random.default_rng(4)
    label = np.arange(90) % 2
    x = np.exp(rng.normal(size=(90, 3)) * 0.5 + 0.5 * label[:, None])
    x = hide(rng, x, 0.1, np.nan)
    cells = ["ab"[k] if known else "" for k, known in zip(label, rng.random(90) < 0.5, strict=True)]

    def of(numbers):
        columns = [["" if np.isnan(v) else repr(float(v)) for v in column] for column in numbers.T]
        return predicted(examples_of(design_of(tmp_path, csv_of("g,x,y,z", cells, *columns))))

    np.testing.assert_allclose(of(x * [1000.0, 0.01, 3.0] + [-5.0, 2.0, 0.0]), of(x), rtol=1e-6)


def test_a_column_of_noise_changes_little():
    rng = np.random.default_rng(5)
    label = np.arange(400) % 2
    x = rng.normal(size=(400, 2)) + 1.5 * label[:, None]
    known = np.where(np.arange(400) < 200, label, -1)

    plain, noisy = (predicted(rows_of(values, known)) for values in (x, np.column_stack([x, rng.normal(size=400)])))

    assert np.abs(plain - noisy).mean() < 0.03


def test_the_same_seed_gives_the_same_bits():
    first, second = (predicted(mixed_rows(n_labelled=16), seed=5) for _ in range(2))

    np.testing.assert_array_equal(first, second)


# Large tables


def fitted_to(examples, voice, seed=0):
    """Fit the members of a voice to all of some rows, one at a time: a batch each."""
    material = gather(voice.view, examples, 2)
    nobody = np.zeros((1, examples.label.size), dtype=bool)
    for member in voice.members:
        if member.per_label == 1:
            setting = (member.shrinkage, member.draws_means_in)
            yield fit_labels(material, nobody, [setting], (member.steps,))[member.steps]
        else:
            yield fit_divided_labels(material, nobody, [member.shrinkage], voice.component_label, seed)


@pytest.fixture
def few_rows(monkeypatch):
    """Compare members on so few rows that a table of a thousand is large."""
    monkeypatch.setattr(effort_module, "MAX_LABELLED", 300)
    monkeypatch.setattr(effort_module, "MAX_UNLABELLED", 250)


@pytest.mark.parametrize(
    ("n_rows", "n_labelled"),
    [
        pytest.param(700, 500, id="more labelled rows than members are compared on"),
        pytest.param(700, 60, id="more unlabelled rows"),
        pytest.param(900, 400, id="more of both"),
    ],
)
def test_members_are_compared_on_some_rows_and_fitted_to_all(few_rows, n_rows, n_labelled):
    rng = np.random.default_rng(6)
    truth = np.arange(n_rows) % 2
    x = rng.normal(size=(n_rows, 2)) + 1.5 * truth[:, None]
    examples = rows_of(x, np.where(np.arange(n_rows) < n_labelled, truth, -1))

    stack = stack_of(examples)

    assert stack.comparison.row.size == min(n_labelled, 300)
    for voice in stack.voices:
        for m, batch in enumerate(fitted_to(examples, voice)):
            for expected, found in zip(batch, voice.batch, strict=True):
                np.testing.assert_allclose(found[m], expected[0], rtol=1e-6, atol=1e-8)


def test_fifty_thousand_rows_are_filled_as_well_as_can_be(few_rows):
    # The best rule for two equal Gaussians 2 apart is right in Φ(1) = 84.13 % of cases; 20,000 have a standard error
    # of 0.26 %.  Rows are drawn for the comparison, but the leader is fitted to all that are labelled.
    rng = np.random.default_rng(7)
    truth = np.arange(50_000) % 2
    x = rng.normal(size=(50_000, 5)) + np.where(np.arange(5) == 0, 2.0, 0.0) * truth[:, None]
    examples = rows_of(x, np.where(np.arange(50_000) < 30_000, truth, -1))
    stack = stack_of(examples, single=True)

    found = predict(stack, examples.predictors.take(slice(30_000, None)))

    (voice,) = stack.voices
    assert voice.batch.weight.sum() >= 30_000
    assert (found.argmax(axis=1) == truth[30_000:]).mean() == pytest.approx(0.8413, abs=0.01)


def test_a_rare_label_of_a_large_table_is_learnt_nevertheless(few_rows):
    # Two rows of 3,000 lie where no others do.  Of 300 that are drawn by chance most would hold neither.
    rng = np.random.default_rng(8)
    label = np.append(np.arange(3000) % 2, [-1] * 100)
    x = rng.normal(size=(3100, 2)) + np.where(label == 1, 2.0, 0.0)[:, None]
    label[[5, 6]], x[[5, 6, 3099]] = 2, [[30.0, 30.0], [30.5, 30.0], [30.0, 30.5]]

    found = predicted(rows_of(x, label), 3)

    assert found[3099].argmax() == 2
    assert found[3000:3099, 2].max() < 0.01


def test_fewer_members_have_a_say_where_many_rows_are_to_be_filled():
    examples = mixed_rows(n_labelled=16)

    counts = [
        np.count_nonzero(fit_stack(examples, 2, n_to_fill, 0, silent, single=False).weight.any(axis=1))
        for n_to_fill in (36, 10**7, 10**12)
    ]

    assert all(more >= fewer for more, fewer in pairwise(counts))
    assert counts[0] > counts[-1] == 1


# Odd tables


def normal(n_rows, n_columns, n_known, n_labels=2):
    """Numbers that tell a little of the labels; the first few labels are known."""
    truth = np.arange(n_rows) % n_labels
    x = np.random.default_rng(8).normal(size=(n_rows, n_columns)) + 0.7 * truth[:, None]
    return x, np.where(np.arange(n_rows) < n_known, truth, -1)


def two_texts():
    """Two categories and not a single number."""
    rng = np.random.default_rng(9)
    _, label = normal(90, 1, 50)
    codes = np.column_stack([rng.integers(-1, 3, 90), np.where(rng.random(90) < 0.7, label.clip(0), 1)])
    return rows_of(np.zeros((90, 0)), label, codes, (3, 2))


def without_indicators():
    """The same, of so many texts that none became an indicator."""
    examples = two_texts()
    return examples._replace(predictors=examples.predictors._replace(x=np.zeros((90, 0))))


def labelled(rows, labels):
    """Sixty rows of which some have these labels."""
    x, label = normal(60, 2, 30)
    label[rows] = labels
    return rows_of(x, label)


def with_column(values):
    """Sixty rows whose second number is another one."""
    x, label = normal(60, 2, 30)
    x[:, 1] = values
    return rows_of(x, label)


def mostly(value, share, n_rows, n_columns):
    """Rows of which most cells are the same."""
    x, label = normal(n_rows, n_columns, n_rows // 3)
    return rows_of(hide(np.random.default_rng(10), x, share, value), label)


NUMBER = np.arange(60.0)

ODD = {
    "two rows a label": (2, lambda: rows_of(*normal(40, 2, 4))),
    "26 labels of three rows": (26, lambda: rows_of(*normal(110, 3, 78, 26))),
    "60 columns, 40 rows": (2, lambda: rows_of(*normal(40, 60, 20))),
    "one column": (3, lambda: rows_of(*normal(60, 1, 30, 3))),
    "categories only": (2, two_texts),
    "categories without indicators": (2, without_indicators),
    "a label with one row": (3, lambda: labelled([0], [2])),
    "only one label of two rows": (3, lambda: labelled(np.arange(30), [0, 0, 1, 2, *([-1] * 26)])),
    "a label without rows": (3, lambda: labelled([], [])),
    "no row to fill": (2, lambda: rows_of(*normal(40, 2, 40))),
    "most predictors missing": (2, lambda: mostly(np.nan, 0.9, 150, 5)),
    "spikes": (2, lambda: mostly(0.0, 0.97, 300, 3)),
    "heavy tails": (
        3,
        lambda: rows_of(np.random.default_rng(8).standard_cauchy((300, 3)), normal(300, 1, 100, 3)[1]),
    ),
    "labelled rows show nothing of a column": (2, lambda: with_column(np.where(NUMBER < 30, np.nan, NUMBER))),
    "labelled rows alone show a column": (2, lambda: with_column(np.where(NUMBER < 30, NUMBER, np.nan))),
    "one value but for one row": (2, lambda: with_column(NUMBER == 59)),
    "copies of a column": (2, lambda: rows_of(np.hstack([normal(60, 1, 30)[0]] * 4), normal(60, 1, 30)[1])),
    "a column that is the label": (2, lambda: with_column(1e6 * (NUMBER % 2))),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_tables_give_probabilities(name):
    n_labels, make = ODD[name]
    examples = make()
    stack = stack_of(examples, n_labels)

    found = predict(stack, examples.predictors)

    assert found.shape == (examples.label.size, n_labels)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-9)
    np.testing.assert_allclose(stack.held_probability.sum(axis=1), 1.0, rtol=1e-9)
    _, batches = fit_leader(stack, examples, 0)
    assert all(np.isfinite(part).all() for part in batches[-1])


def test_a_column_that_is_the_label_tells_it():
    _, make = ODD["a column that is the label"]

    found = predicted(make())

    np.testing.assert_array_equal(found.argmax(axis=1), np.arange(60) % 2)
    assert found.max(axis=1).min() > 0.9


def test_rows_of_no_known_label_are_still_dealt_by_shares_where_nothing_is_to_be_seen():
    # Noise beside 26 labels: no probability is far from the share of its label.
    rng = np.random.default_rng(9)
    label = np.append(np.arange(260) % 26, np.full(60, -1))

    found = predicted(rows_of(rng.normal(size=(320, 2)), label), 26)[260:]

    assert found.max() < 0.25


def test_of_very_many_different_rows_some_stand_for_all(monkeypatch):
    monkeypatch.setattr(stack_module, "MAX_REFIT", 50)
    monkeypatch.setattr(stack_module, "most_refit", lambda _n_columns: 50)
    rng = np.random.default_rng(6)
    label = rng.choice([-1, 0, 1], 400, p=[0.5, 0.4, 0.1])
    examples = Examples(Predictors(rng.normal(size=(400, 2)), np.zeros((400, 0), int), (), 2), label, np.ones(400))

    few, merged = stack_module.thinned(examples, 0), stack_module.thinned(examples._replace(merged=True), 0)

    count, all_count = (np.bincount(one.label + 1, one.weight) for one in (few, examples))
    assert [np.count_nonzero(few.label >= 0), np.count_nonzero(few.label < 0)] == [50, 50]
    np.testing.assert_allclose(count / count.sum(), all_count / 400)
    assert merged.label.size == 400
