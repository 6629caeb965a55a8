"""Many Gaussian mixtures, weighed by how well each predicts known labels that it was not shown.

`stack.fit_stack` tells the story.  The rooms below it: `views` says in which forms the predictors are looked at, `terms`
turns a form into the rows of one matrix product, `batch` fits many shrunken mixtures at once, `members` lists them,
`weights` stacks them.
"""
