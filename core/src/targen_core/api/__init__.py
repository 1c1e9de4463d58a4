"""targen from Python: `generate`, `correct`, `analyze`, `resume`, `load`, and what they return.

All of it is exported by `targen_core`; nothing else needs this room.
"""
