"""The registrations of this plugin; targen imports this module for every command."""

from targen_core import Register, hookimpl


@hookimpl
def register_embedders(register: Register) -> None:
    """Register the embedder of `--max-cosine 0.8 --embedder my-demo`."""
    register(
        "my-demo",
        "my_demo.embedder:EMBEDDER",
        summary="runs of three letters in common",
    )
