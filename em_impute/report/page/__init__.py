"""Documents as one page of HTML."""
