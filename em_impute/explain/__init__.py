"""EM on the user's own rows, told step by step.

Bottom up: start (where it begins), loop (what each step finds), rows (which are followed), story (the whole).
"""
