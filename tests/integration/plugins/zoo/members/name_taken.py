"""An exporter has the name of one of targen's. kind: module; caught by: name-taken"""

from targen_core import hookimpl


@hookimpl
def register_exporters(register):
    register.register("csv", "zoo_name_taken.good:EXPORTER", summary="a table")
