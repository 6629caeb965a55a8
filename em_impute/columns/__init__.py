"""From cells to what mixtures are fitted to: labels, predictors, weights, and equal rows put together."""
