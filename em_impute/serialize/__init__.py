"""Values ↔ JSON ↔ JSON Schema: one annotated class says all three (start at `classes.py`)."""
