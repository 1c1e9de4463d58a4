"""It misspells a hook. kind: module; caught by: unknown-hook"""

from targen_core import hookimpl


@hookimpl
def register_task(register):
    register.register("creature", f"{__name__}.good:TASK", summary="a task")
