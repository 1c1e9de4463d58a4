"""It reads its rows as other ones. kind: task; caught by: rows-read-back"""

from .good import TASK, Note


def _read(rows):
    return [Note(text=row["text"].lower(), label=row["label"]) for row in rows]


PART = TASK.replace(rows={"from_rows": _read})
