"""Its rows are not what its schema says. kind: task; caught by: rows-are-official"""

from pydantic import BaseModel

from .good import TASK


class _Official(BaseModel):
    idx: int
    text: str
    label: int


PART = TASK.replace(rows={"schema": _Official})
