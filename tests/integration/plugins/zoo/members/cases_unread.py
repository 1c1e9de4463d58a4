"""It looks for what its rows do not hold. kind: task; caught by: cases-are-read"""

from targen_core import Case

from .good import TASK


def _cases(row):
    return [Case(texts={"text": row["text"]}, cues={"place": (row["town"],)})]


PART = TASK.replace(rows={"cases": _cases})
