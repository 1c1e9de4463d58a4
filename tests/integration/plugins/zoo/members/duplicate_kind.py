"""Its kind has the hook of tasks. kind: module; caught by: duplicate-kind"""

from targen_core import Kind, hookimpl


@hookimpl
def register_kinds(register):
    register.register(Kind("creature", hook="register_tasks"))


@hookimpl
def register_exporters(register):
    register.register("creature", f"{__name__}.good:EXPORTER", summary="one")
