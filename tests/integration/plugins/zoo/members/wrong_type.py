"""What it registers as a task is none. kind: task; caught by: target-wrong-type"""


def PART():  # noqa: N802
    """A function, and no task."""
