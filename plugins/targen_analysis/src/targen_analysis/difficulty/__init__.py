"""How much of a label a model finds in its row, and how it learned the row."""
