"""From a table to its completed copy: open, fit, predict, edit, for whole files and for files read in parts.

`complete` tells the story for a file that fits in memory.  `fill` tells it for tables that are larger or lie in several
files: `parts` gives their columns piece by piece, `scan` draws a sample and counts, `fit_parts` fits that, and where
one mixture is asked for all rows.
"""
