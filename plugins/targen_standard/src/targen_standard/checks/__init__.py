"""Checks of texts, for those who write tasks.

Each raises `Rejected` with a reason that the report counts by.
"""
