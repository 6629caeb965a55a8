"""From a table to its completed copy: open, fit, predict, edit, for whole files and for files read in parts.

`complete` tells the story for a file that fits in memory.  `fill` tells it for tables that are larger or lie in several
files: `files` says what a part is, `chunks` gives its columns piece by piece, `scan` and `sample` say what the fit
needs of them, `fit_sample` fits, `full_em` takes EM over all rows, and `fill_chunk` predicts.
"""
