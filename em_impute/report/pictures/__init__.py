"""Pictures for the report, drawn by matplotlib."""

import logging

# Where matplotlib finds no folder for its cache it says so, and a run without errors must say nothing.
logging.getLogger("matplotlib").addHandler(logging.NullHandler())
