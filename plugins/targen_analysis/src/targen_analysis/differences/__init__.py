"""Differences between a dataset and real rows, in figures and in words."""
