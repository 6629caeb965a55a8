"""Saved models: what is kept of a fit, and whether new rows are like those that it was fitted to.

Start at `store`, which says what is saved, writes it and reads it.  `drift` compares new rows with those of the
training, and warns; `distributions` keeps how each predictor was distributed, and finds one whose unit has changed.
"""
