"""From the values of a run to its reports (start at `fit.py`)."""
