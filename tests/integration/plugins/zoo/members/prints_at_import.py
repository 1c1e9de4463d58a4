"""It prints to the command's output. kind: module; caught by: prints-at-import"""

from targen_core import hookimpl

print("hello from the zoo")


@hookimpl
def register_exporters(register):
    register.register("creature", f"{__name__}.good:EXPORTER", summary="an exporter")
