"""CSV bytes to cells and back: the dialect, the spans of every field, the columns a model needs, the patched copy.

Rooms, in the order a file passes through them: `source`, `dialect`, `scan` (with `quotes`), `cells` and `numbers`,
`read`, `patch`, `output`.  Nothing here knows what a mixture is.
"""
