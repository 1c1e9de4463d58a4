"""Repeat the paper's tables with available models and data, next to the printed figures."""
