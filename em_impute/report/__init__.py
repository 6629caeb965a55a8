"""What was done and how sure it is: one frozen value, rendered as JSON, as Markdown and on the terminal."""
