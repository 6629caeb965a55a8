"""The charts of the report: SVG of our own for the page, and frames drawn by matplotlib for the animation of EM."""
