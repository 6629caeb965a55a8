"""Saved models: made of a fit, applied to other tables, going on to learn; and whether new rows are like the old.

Start at `values`, which has what is saved.  `make` makes it, `store` writes and reads it as `form` and `codec` say and
as `checks` demands, `applying` fills by it, `updating` learns further.  `drift` compares new rows with the old, and
`remarks` says it in words: `distribution` keeps how each predictor was distributed, `distances` measures how far two
distributions lie apart, `units` finds a column whose unit has changed, and `typicality` looks at whole rows.
"""
