"""Loop: a plain prompt for some rows of a label, sent until there are enough."""

from targen_methods.loop.method import LOOP

__all__ = ["LOOP"]
