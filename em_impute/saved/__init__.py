"""What is kept of the rows that a saved model was fitted to, and whether new rows are still like them.

Start at `drift`, which compares; `remarks` says it in words.  `distribution` keeps how each predictor was distributed,
`distances` measures how far two distributions lie apart, `units` finds a column whose unit has changed, and
`typicality` looks at whole rows as the model does.  Nothing here opens a file.
"""
