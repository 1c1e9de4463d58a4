"""Self-Instruct: instructions that a model adds to a pool, and rows for each of them."""

from targen_methods.selfinstruct.method import SELFINSTRUCT

__all__ = ["SELFINSTRUCT"]
