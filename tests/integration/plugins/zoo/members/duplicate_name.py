"""It registers two things as one. kind: module; caught by: duplicate-name"""

from targen_core import hookimpl


@hookimpl
def register_tasks(register):
    register.register("creature", f"{__name__}.good:TASK", summary="a task")
    register.register("creature", f"{__name__}.good:TASK", summary="a task")
