"""targen from Python: `generate`, `correct`, `analyze`, `resume`, `load`, and what they return.

Import all of it from `targen_core`.
"""
