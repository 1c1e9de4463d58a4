"""Importing it takes long, and every command waits. kind: module; caught by: slow-import"""

import time

from targen_core import hookimpl

time.sleep(2.1)


@hookimpl
def register_exporters(register):
    register.register("creature", f"{__name__}.good:EXPORTER", summary="an exporter")
