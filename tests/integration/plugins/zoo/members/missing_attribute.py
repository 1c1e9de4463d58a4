"""Its target's module lacks the attribute. kind: module; caught by: target-missing-attribute"""

from targen_core import hookimpl


@hookimpl
def register_tasks(register):
    register.register("creature", f"{__name__}.good:TSAK", summary="a task")
