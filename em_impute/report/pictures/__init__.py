"""Pictures for the report, drawn by matplotlib."""
