"""It names a column that its rows lack. kind: task; caught by: texts-are-there"""

from .good import TASK

PART = TASK.replace(rows={"fields": ("note.text",)})
