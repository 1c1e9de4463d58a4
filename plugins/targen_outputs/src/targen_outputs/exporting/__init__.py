"""Exporters of rows that have an output."""
