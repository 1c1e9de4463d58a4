"""Its reasons are sentences, which no report can count. kind: task; caught by: reasons-are-slugs"""

from targen_core import Rejected

from .good import TASK, check


def _wordy(note, town):
    if "kettle" in note.text:
        raise Rejected(f"There is a kettle in {town}!")
    check(note, town)


PART = TASK.replace(checks=(_wordy,))
