"""What every run gets at its end: its card, notes, and what looks wrong with its rows."""
