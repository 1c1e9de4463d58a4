"""Its command has the name of one of targen's own. kind: module; caught by: reserved-name"""

from targen_core import hookimpl


@hookimpl
def register_commands(register):
    register.register("generate", f"{__name__}.good:write", summary="a command")
