"""What the fit says beyond the fills: who is missing, how sure the fills are, and which known labels look wrong."""
