"""Many Gaussian mixtures, weighed by how well each predicts known labels that it was not shown.

`fit.fit_ensemble` tells the story.  `transforms` says in which forms the predictors are looked at, `candidates` lists
the mixtures, `batched_em` fits many of them at once, `cross_validation` predicts labels that were held out, and
`stacking_weights` weighs the mixtures by these predictions.
"""
