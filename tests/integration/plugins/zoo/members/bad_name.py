"""Nobody could type its name. kind: module; caught by: bad-name"""

from targen_core import hookimpl


@hookimpl
def register_tasks(register):
    register.register("My Task!", f"{__name__}.good:TASK", summary="a task")
