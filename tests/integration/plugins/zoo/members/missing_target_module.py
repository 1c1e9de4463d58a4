"""Its target is in a module that nobody wrote. kind: module; caught by: target-missing-module"""

from targen_core import hookimpl


@hookimpl
def register_tasks(register):
    register.register("creature", f"{__name__}.nowhere:TASK", summary="a task")
