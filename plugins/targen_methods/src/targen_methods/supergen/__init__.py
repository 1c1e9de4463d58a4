"""SuperGen: texts scored by their probability under the model; the best are kept."""

from targen_methods.supergen.method import SUPERGEN

__all__ = ["SUPERGEN"]
