"""Tables that are larger than memory, or that lie in several files: read in parts, fitted and filled part by part.

Start at `run`.  `parts` says what a part is, `reading` gives its columns chunk by chunk, and `shelf` keeps them;
`summary` and `sample` say what the fit needs of them, `columns` learns what fills a column, or takes it from a saved
model, `small` makes a small file of the sample, `everything` takes EM over all rows, `filling` applies what was
learnt, and `saving` keeps it.
"""
