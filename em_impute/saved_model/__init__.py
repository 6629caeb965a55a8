"""Saved models: what is kept of a fit, and whether new rows are like those that it was fitted to.

Start at `values`, which has what is saved; `store` writes and reads it.  `drift` compares new rows with those of the
training, and `warnings` says it in words: `distributions` keeps how each predictor was distributed, `psi` measures how
far two distributions lie apart, and `units` finds a column whose unit has changed.
"""
