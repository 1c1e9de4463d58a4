"""The registrations of this plugin; targen imports this module for every command."""

from targen_core import Register, hookimpl


@hookimpl
def register_retrievers(register: Register) -> None:
    """Register `targen retrieve TASK --retriever my-demo`."""
    register(
        "my-demo",
        "my_demo.retriever:RETRIEVER",
        summary="letters in common, three at a time",
    )
