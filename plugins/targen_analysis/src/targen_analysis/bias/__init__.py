"""Whom and what a dataset names: named entities by type, and gender."""
