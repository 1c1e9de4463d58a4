"""SuperGen: texts scored by how likely the model found them, of which the best are kept."""

from targen_methods.supergen.method import SUPERGEN

__all__ = ["SUPERGEN"]
