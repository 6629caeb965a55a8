"""What fills a column: the choice of a model, its fit, what it predicts, and the label each prediction gives."""
