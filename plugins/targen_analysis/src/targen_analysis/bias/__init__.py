"""The people and things that a dataset names: named entities by type, and gender."""
