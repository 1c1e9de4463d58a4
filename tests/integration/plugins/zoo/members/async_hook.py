"""Its hook would never run. kind: module; caught by: async-hook"""

from targen_core import hookimpl


@hookimpl
async def register_tasks(register):
    register.register("creature", f"{__name__}.good:TASK", summary="a task")
