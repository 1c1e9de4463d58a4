"""It says not what it is. kind: task; caught by: described"""

from .good import TASK

PART = TASK.replace(description="")
