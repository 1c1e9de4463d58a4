"""The registrations of this plugin; targen imports this module for every command."""

from targen_core import Register, hookimpl


@hookimpl
def register_trainers(register: Register) -> None:
    """Register the trainer of `targen train DATA --trainer my-demo`."""
    register(
        "my-demo",
        "my_demo.trainer:TRAINER",
        summary="naive Bayes on words",
    )
