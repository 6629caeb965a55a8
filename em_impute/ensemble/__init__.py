"""Many Gaussian mixtures, weighed by how well each predicts known labels that it was not shown.

`stack.fit_stack` tells the story.  `views` says in which forms the predictors are looked at, `terms` turns a form into
one matrix product, `batch` fits many shrunken mixtures at once, `members` lists them, `compare` holds labels out and
`weights` stacks what was said of them.
"""
