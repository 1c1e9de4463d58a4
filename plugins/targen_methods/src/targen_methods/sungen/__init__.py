"""SunGen: ZeroGen's rows, weighed by what they do to a model."""

from targen_methods.sungen.method import SUNGEN

__all__ = ["SUNGEN"]
