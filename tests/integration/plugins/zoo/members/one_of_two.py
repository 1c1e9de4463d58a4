"""It gives one instance where it says two. kind: task; caught by: calls-give-several"""

from .good import TASK

PART = TASK.replace(instances_per_call=2)
