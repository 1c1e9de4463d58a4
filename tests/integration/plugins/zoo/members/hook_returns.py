"""Its hook gives what it should register. kind: module; caught by: hook-returns"""

from targen_core import hookimpl


@hookimpl
def register_tasks(register):
    return {"creature": f"{__name__}.good:TASK"}
