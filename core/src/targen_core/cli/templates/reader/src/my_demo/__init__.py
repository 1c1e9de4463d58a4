"""The registrations of this plugin; targen imports this module for every command."""

from targen_core import Register, hookimpl


@hookimpl
def register_task_readers(register: Register) -> None:
    """Register the reader of `FILE.my-demo`: the name is the suffix."""
    register(
        "my-demo",
        "my_demo.reader:READER",
        summary="tasks as lines of KEY: TEXT",
    )
