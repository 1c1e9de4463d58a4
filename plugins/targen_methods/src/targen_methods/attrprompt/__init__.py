"""AttrPrompt: rows that differ in attributes, whose values a model lists and code draws."""

from targen_methods.attrprompt.method import ATTRPROMPT

__all__ = ["ATTRPROMPT"]
