"""The type of its kind does not exist. kind: module; caught by: bad-kind"""

from targen_core import Kind, hookimpl


@hookimpl
def register_kinds(register):
    register.register(Kind("creature", hook="register_creatures", type=f"{__name__}.good:CREATURE"))


@hookimpl
def register_exporters(register):
    register.register("creature", f"{__name__}.good:EXPORTER", summary="one")
