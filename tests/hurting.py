"""Tables whose numbers hurt EM: each is two overlapping groups, of which one property has been spoilt."""

import numpy as np

__all__ = ["HURTING", "REFUSED", "cells", "spoilt", "table"]

HURTING = {}
"""Name of what hurts -> text of a table that must be completed nevertheless."""

REFUSED = {}
"""Name of what hurts -> (text of a table from which nothing can be learnt, what the message says)."""


def cells(values):
    """Write numbers with all their digits, NaN as an empty cell; texts stay as they are."""
    if isinstance(values, list):
        return values
    return ["" if np.isnan(value) else repr(value) for value in np.asarray(values, float).tolist()]


def table(**columns):
    """Write columns as CSV."""
    rows = zip(*map(cells, columns.values()), strict=True)
    return "\n".join([",".join(columns), *map(",".join, rows)]) + "\n"


def spoilt(change, n=30, n_features=2, n_labels=2, share=0.5, seed=0):
    """Let `change` make columns of (group, label, x, rng): x (n, n_features), labels known in about `share` of the rows.

    The first two rows of every group have their label, and the last row has none.
    """
    rng = np.random.default_rng(seed)
    group = np.arange(n) % n_labels
    x = rng.normal(size=(n, n_features))
    x[:, 0] += 2.0 * group
    known = rng.random(n) < share
    known[: 2 * n_labels], known[-1] = True, False
    label = [f"L{k}" if there else "" for k, there in zip(group.tolist(), known.tolist(), strict=True)]
    made = change(group, label, x, rng)
    if not isinstance(made, dict):
        made = {f"x{j}": column for j, column in enumerate(made)}
    return table(**{"g": label, **made})


def hurts(name, change, **how):
    """Add a table to those that must be completed."""
    HURTING[name] = spoilt(change, **how)


def is_known(label):
    """Tell which rows have a label, (n_rows,)."""
    return np.array(label) != ""


def hidden(x, share, rng):
    """Hide a share of the numbers."""
    return np.where(rng.random(x.shape) < share, np.nan, x)


def relabelled(label, rows, name):
    """Give some rows another label."""
    return [name if i in rows else text for i, text in enumerate(label)]


def on_lattice(x, size):
    """Bring numbers to a few multiples of a size."""
    return np.round(2.0 * x) * size


# Constants
hurts("constant within one label", lambda g, _l, x, _r: [np.where(g == 0, 5.0, x[:, 0])])
hurts("constant within each label", lambda g, _l, _x, _r: [np.where(g == 0, 5.0, 7.0)])
hurts("constant among labelled rows", lambda _g, t, x, _r: [np.where(is_known(t), 5.0, x[:, 0])])
hurts("constant among unlabelled rows", lambda _g, t, x, _r: [np.where(is_known(t), x[:, 0], 5.0)])
hurts("constant but for one row", lambda _g, _l, x, _r: [np.where(np.arange(30) == 7, 1.0, 0.0), x[:, 1]])

# Copies and sums
hurts("five copies of a column", lambda _g, _l, x, _r: [x[:, 0]] * 5)
hurts("each row ten thousand times", lambda _g, t, x, _r: {"g": t * 3000, "x": cells(x[:, 0]) * 3000}, n=10)
for exponent in (-9, -12):
    hurts(
        f"collinear to 1e{exponent}",
        lambda _g, _l, x, _r, e=exponent: [x[:, 0], 2.0 * x[:, 0] + 10.0**e * x[:, 1], -x[:, 0]],
    )
    hurts(
        f"collinear to 1e{exponent} with gaps",
        lambda _g, _l, x, r, e=exponent: list(hidden(x[:, :1] * [1, 2, -1] + 10.0**e * r.normal(size=(40, 3)), 0.3, r).T),
        n=40,
    )  # fmt: skip
hurts("collinear within one label", lambda g, _l, x, _r: [x[:, 0], np.where(g == 0, 2.0 * x[:, 0], x[:, 1])])

# Sizes
hurts("all of size 1e300", lambda _g, _l, x, _r: [x[:, 0] * 1e300, x[:, 1] * 1e300])
hurts("few values of size 1e300", lambda _g, _l, x, _r: [on_lattice(x[:, 0], 1e300), x[:, 1]])
hurts("1e300 beside 1e-300", lambda _g, _l, x, _r: [x[:, 0] * 1e300, x[:, 1] * 1e-300])
hurts("1e300 and 1e-300 in one column", lambda g, _l, x, _r: [np.where(g == 0, 1e-300, 1e300) * np.exp(x[:, 1])])
hurts("from 1e-300 to 1e300", lambda _g, _l, x, _r: [10.0 ** (100.0 * x[:, 1]), x[:, 0]])
hurts("subnormal numbers beside usual ones", lambda _g, _l, x, _r: [x[:, 0] * 1e-310, x[:, 1]])
hurts("a range that overflows", lambda g, _l, x, _r: [np.where(g == 0, -1.7e308, 1.7e308), x[:, 0]])
hurts("the largest number as a missing mark", lambda _g, _l, x, _r: [np.where(x[:, 1] > 1, 1.7976931348623157e308, 0.1), x[:, 0]])  # fmt: skip
for exponent in (12, 15):
    hurts(f"an offset of 1e{exponent}", lambda _g, _l, x, _r, e=exponent: [x[:, 0] + 10.0**e, x[:, 1] - 10.0**e])

# Tails
hurts("Cauchy", lambda g, _l, _x, r: [r.standard_cauchy(30) + 2 * g, r.standard_cauchy(30)])
hurts("log-normal with sigma 100", lambda g, _l, x, _r: [np.exp(100.0 * x[:, 1] + 3.0 * g)])
hurts("only 0 and 1", lambda _g, _l, x, _r: [(x[:, 0] > 1).astype(float), (x[:, 1] > 0).astype(float)])

# Labels
hurts("one labelled row of a label", lambda _g, t, x, _r: {"g": relabelled(t, {4}, "rare"), "x": x[:, 0]})
hurts("each label once", lambda _g, t, x, _r: {"g": [*t[:2], *[""] * 28], "x": x[:, 0]})
hurts("each label once at one point", lambda _g, t, x, _r: {"g": [*t[:2], *[""] * 28], "x": np.r_[3.0, 3.0, x[2:, 0]]})
hurts("all labelled rows at one point", lambda _g, t, x, _r: list(np.where(is_known(t)[:, None], 3.0, x).T))
hurts("a hundred labels", lambda _g, _l, x, _r: [x[:, 0], x[:, 1]], n=240, n_labels=100, share=0.0)
hurts("labels that have nothing to do with the numbers", lambda _g, _l, x, _r: [x[:, 1]], n=60)

# Gaps
hurts("99 % missing", lambda _g, _l, x, r: list(hidden(x, 0.99, r).T), n=400, n_features=4)
hurts("seen for one label only", lambda g, t, x, _r: [x[:, 0], np.where(is_known(t) & (g == 0), x[:, 1], np.nan)])
hurts("seen where the label is missing only", lambda _g, t, x, _r: [np.where(is_known(t), np.nan, x[:, 0])])
hurts("seen where the label is known only", lambda _g, t, x, _r: [np.where(is_known(t), x[:, 0], np.nan)])
hurts("never seen together", lambda _g, _l, x, _r: [np.where(np.arange(30) % 4 < 2, x[:, 0], np.nan), np.where(np.arange(30) % 4 < 2, np.nan, x[:, 0])])  # fmt: skip
hurts("rows that show nothing", lambda g, _l, x, _r: list(np.where(np.arange(30)[:, None] % 3 == 2, np.nan, x).T))

# Few rows, many columns
HURTING["three rows"] = "g,x\na,1\nb,9\n,1\n"
HURTING["three rows at one point but one"] = "g,x\na,1\nb,1\n,9\n"
hurts("200 columns and 20 rows", lambda _g, _l, x, _r: list(x.T), n=20, n_features=200)

REFUSED.update(
    {
        "one labelled row": ("g,x\na,1\n,2\n,9\n", "there is no other label to distinguish it from"),
        "one label": ("g,x\na,1\na,2\n,9\n", "there is no other label to distinguish it from"),
        "nothing but a constant": ("g,x\na,5\nb,5\n,5\n", "constant"),
        "a difference that is rounding": ("g,x\na,1e9\nb,1e9\n,1000000000.0000001\n", "constant"),
        "nothing but subnormal numbers": ("g,x\na,5e-324\nb,1e-310\n,1e-309\n", "'x': numbers less than 1e-305 apart"),
        "nothing but a range that overflows": ("g,x\na,-1.7e308\nb,1.7e308\n,1\n", "'x': numbers beyond 1e305"),
    }
)
