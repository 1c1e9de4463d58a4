"""Differences: how a dataset can be told from real rows, in figures and in words."""
