"""The registrations of this plugin; targen imports this module for every command."""

from targen_core import Register, hookimpl


@hookimpl
def register_task_forms(register: Register) -> None:
    """A file whose only key is `my-demo` is a task."""
    register(
        "my-demo",
        "my_demo.form:FORM",
        summary="letters to a shop, by queue",
    )
