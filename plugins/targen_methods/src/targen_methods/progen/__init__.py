"""ProGen: rounds, each with helpful rows of those before as examples."""

from targen_methods.progen.method import PROGEN

__all__ = ["PROGEN"]
