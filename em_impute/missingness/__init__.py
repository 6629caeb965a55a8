"""How and why labels are missing: what the choice of the model and every promise rest on."""
