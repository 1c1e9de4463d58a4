"""The registrations of this plugin; targen imports this module for every command."""

from targen_core import Register, hookimpl


@hookimpl
def register_exporters(register: Register) -> None:
    """Register the exporter of `targen export RUN --as my-demo`."""
    register(
        "my-demo",
        "my_demo.exporter:EXPORTER",
        summary="fastText's lines: __label__NAME text",
    )
