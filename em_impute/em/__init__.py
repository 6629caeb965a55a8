"""The EM engine: blocks of rows in, a fitted Gaussian mixture out.

Knows numpy and nothing else.  `Block -> Moments -> Parameters` is the whole vocabulary; `em.iterate` is the loop.
"""
