"""The command line: parse, call, write, render.  No mathematics, and no numpy before a command runs."""
