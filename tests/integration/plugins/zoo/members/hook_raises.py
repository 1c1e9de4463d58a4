"""Its hook raises when it has registered half. kind: module; caught by: hook-raises"""

from targen_core import hookimpl


@hookimpl
def register_tasks(register):
    register.register("creature", f"{__name__}.good:TASK", summary="a task")
    raise RuntimeError("half-way")
