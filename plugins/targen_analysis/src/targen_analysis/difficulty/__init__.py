"""How much about a label a model finds in its row, and how it learned the row."""
