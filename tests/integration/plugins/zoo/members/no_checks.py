"""It takes whatever parses. kind: task; caught by: has-checks"""

from .good import TASK

PART = TASK.replace(checks=())
