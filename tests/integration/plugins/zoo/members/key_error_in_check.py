"""Its check looks up what is not there. kind: task; caught by: steps-raise-only-rejections"""

from .good import TASK

_LIMITS = {"wet": 40}


def _short(note, town):
    assert len(note.text.split()) <= _LIMITS[note.label]


PART = TASK.replace(checks=(_short,))
