"""The command line: parse, call, write, render.  No mathematics, and no numpy before a command runs."""

from em_impute.cli.door import main

__all__ = ["main"]
