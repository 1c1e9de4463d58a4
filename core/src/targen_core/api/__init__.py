"""targen from Python: `generate`, `correct`, `analyze`, `resume`, `load`, and what they return.

Import everything from `targen_core`.
"""
