"""Its cases have a cue now and then. kind: task; caught by: cases-are-read"""

from targen_core import Case

from .good import TASK


def _cases(row):
    cues = {"lantern": "yes"} if "lantern" in row["text"] else {}
    return [Case(texts={"text": row["text"]}, cues=cues)]


PART = TASK.replace(rows={"cases": _cases})
