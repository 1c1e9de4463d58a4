"""A run directory: where it is, what it holds, and what can be read from it."""
