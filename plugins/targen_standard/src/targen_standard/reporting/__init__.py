"""The end of every run: its card, notes, and possible problems with its rows."""
