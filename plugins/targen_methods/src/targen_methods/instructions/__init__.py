"""Free instructions with answers: Self-Instruct's own rows, as a task with open labels."""

from targen_methods.instructions.task import INSTRUCTIONS

__all__ = ["INSTRUCTIONS"]
