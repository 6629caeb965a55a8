"""The fit report as one page of HTML."""
