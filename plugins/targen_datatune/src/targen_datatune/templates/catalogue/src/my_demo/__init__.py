"""The registrations of this plugin; targen imports this module for every command."""

from targen_core import Register, hookimpl


@hookimpl
def register_catalogues(register: Register) -> None:
    """Register `targen catalogue build my-demo:FOLDER`."""
    register(
        "my-demo",
        "my_demo.catalogue:CATALOGUE",
        summary="folders of tab-separated files",
    )
