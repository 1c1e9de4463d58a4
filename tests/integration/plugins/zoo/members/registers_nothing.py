"""Its hook has no mark. kind: module; caught by: registers-nothing"""


def register_tasks(register):
    register.register("creature", f"{__name__}.good:TASK", summary="a task")
