"""Exporters: a dataset in the form that another tool reads."""
