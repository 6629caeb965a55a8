"""What is said of a report, once: sections that renderers write as HTML or Markdown (start at `document.py`)."""
