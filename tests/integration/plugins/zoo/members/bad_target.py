"""Its target is no module and attribute. kind: module; caught by: bad-target"""

from targen_core import hookimpl


@hookimpl
def register_tasks(register):
    register.register("creature", "good.TASK", summary="a task")
