"""The registrations of this plugin; targen imports this module for every command."""

from targen_core import Register, hookimpl


@hookimpl
def register_metrics(register: Register) -> None:
    """Register the metric of `targen analyze RUN --metric my-demo`."""
    register(
        "my-demo",
        "my_demo.metric:METRIC",
        summary="the share of rows that ask a question",
    )
