"""ZeroGen: texts after conditions, by prompts that name the label and end in an open quotation."""

from targen_methods.zerogen.method import ZEROGEN

__all__ = ["ZEROGEN"]
