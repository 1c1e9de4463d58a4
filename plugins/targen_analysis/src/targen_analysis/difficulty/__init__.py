"""The bits of a label that a model finds in its row, and how it learned the row."""
