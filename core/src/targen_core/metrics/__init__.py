"""Metrics: what a plugin measures of datasets."""
