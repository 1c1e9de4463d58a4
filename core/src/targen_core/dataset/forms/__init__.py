"""The forms that datasets come in: each a function from a path to records."""
