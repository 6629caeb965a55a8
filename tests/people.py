"""People whose heights tell two labels apart, as frames."""

import numpy as np
import pandas as pd


def people(n_rows=60, seed=0, values=("f", "m"), missing=None):
    """Make a frame with the columns height and sex, every fifth sex `missing`; also give the true ones."""
    rng = np.random.default_rng(seed)
    is_tall = rng.integers(0, 2, n_rows)
    truth = [values[code] for code in is_tall]
    known = [missing if row % 5 == 0 else value for row, value in enumerate(truth)]
    return pd.DataFrame({"height": (160.0 + 20 * is_tall + rng.normal(0, 3, n_rows)).round(2), "sex": known}), truth
