"""The registrations of this plugin; targen imports this module for every command."""

from targen_core import Register, hookimpl


@hookimpl
def register_outputs(register: Register) -> None:
    """Rows of a task file with `output: {my-demo: …}`."""
    register(
        "my-demo",
        "my_demo.output:OUTPUT",
        summary="a grade from a scale",
    )
