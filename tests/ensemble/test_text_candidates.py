"""Scores of texts as members of the ensemble: against the probabilities that they are the logarithms of."""

import numpy as np
import pytest

from em_impute.columns.text_model import centred_logs
from em_impute.ensemble.candidates import CATEGORICAL, Member
from em_impute.ensemble.ensemble import Ensemble, Submodel, predict
from em_impute.ensemble.shrinkage import mixture_of_scores
from em_impute.ensemble.transforms import PLAIN, TEXTS, Predictors, fit_views

NO_CODES = np.zeros((40, 0), np.intp)


def some_scores(n_labels, n_rows=40, seed=1):
    """Probabilities, and their centred logarithms in standard units behind two numbers."""
    rng = np.random.default_rng(seed)
    probability = rng.dirichlet(np.full(n_labels, 0.3), n_rows) * (1 - 1e-6) + 1e-6 / n_labels
    scores = centred_logs(probability)
    shift, scale = scores.mean(axis=0), scores.std(axis=0)
    return probability, np.hstack([rng.normal(size=(n_rows, 2)), (scores - shift) / scale]), shift, scale


def ensemble_of(predictors, share):
    """One member: the scores alone, at temperature 1."""
    view = {one.name: one for one in fit_views(predictors)}[TEXTS]
    batch = mixture_of_scores(share, len(predictors.scores), 1)
    member = Member(TEXTS, 1, CATEGORICAL, draws_means_in=False, steps=0)
    submodel = Submodel(view, (member,), np.arange(share.size), batch, np.array([[0.0, 0.0, 0.0, 1.0]]))
    return Ensemble(share.size, (submodel,), 1.0, share)


def predictors_of(x, shift, scale):
    units = tuple(zip(shift.tolist(), scale.tolist(), strict=True))
    return Predictors(x, NO_CODES[: len(x)], (), x.shape[1], units)


@pytest.mark.parametrize(("n_labels", "n_lacking"), [(2, 0), (3, 0), (3, 1), (7, 0), (7, 1)])
def test_the_mixture_of_scores_says_what_the_texts_do_and_else_the_shares(n_labels, n_lacking):
    # The last score may lack: it is minus the sum of the others.
    probability, x, shift, scale = some_scores(n_labels)
    n_scores = shift.size - n_lacking
    x = x[:, : 2 + n_scores]
    x[:5, 2:] = np.nan
    share = np.random.default_rng(2).dirichlet(np.ones(n_labels))
    predictors = predictors_of(x, shift[:n_scores], scale[:n_scores])

    found = predict(ensemble_of(predictors, share), predictors)

    # Student's t of 1e9 rows differs from a Gaussian by the square of a distance, up to 1e3, in a part in 1e9.
    np.testing.assert_allclose(found[5:], probability[5:], atol=1e-4)
    np.testing.assert_allclose(found[:5], np.tile(share, (5, 1)), atol=1e-9)


def test_numbers_are_looked_at_beside_the_scores_and_without_them():
    _, x, shift, scale = some_scores(3)
    predictors = predictors_of(x, shift, scale)

    shown = {view.name: view.show(predictors).x for view in fit_views(predictors)}

    np.testing.assert_array_equal(shown[PLAIN], x)
    np.testing.assert_array_equal(shown["measured"], shown["symmetric"][:, :2])
    np.testing.assert_allclose(shown[TEXTS], x[:, 2:] * scale + shift, rtol=1e-12, atol=1e-12)
