"""The reports as values: each field says what it means, from which JSON and its schema follow (`documents`)."""
