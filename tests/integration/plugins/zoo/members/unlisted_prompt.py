"""It asks a prompt that it does not list. kind: task; caught by: prompts-are-listed"""

from .good import TASK, TOWNS

PART = TASK.replace(prompts=(TOWNS,))
