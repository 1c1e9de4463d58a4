"""Checks of texts, for those who write tasks.

Each raises `Rejected` with a reason that the report counts by. With an `edition`, it is as in that
edition of task files (see `targen_standard.editions`). The defaults keep the rows of tasks in
Python.
"""
