"""A few rows before a run, and variants of a task side by side."""
