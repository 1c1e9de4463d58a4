"""Experiments: datasets that train models which are compared."""
