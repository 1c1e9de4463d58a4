"""The registrations of this plugin; targen imports this module for every command."""

from targen_core import Register, hookimpl


@hookimpl
def register_adapters(register: Register) -> None:
    """Objects of the package are models: `generate(TASK, model=Client())`.

    The names are the top-level packages whose objects the adapter is asked about.
    """
    register(
        "my-demo",
        "my_demo.adapter:ADAPTER",
        aliases=[__name__.partition(".")[0]],
        summary="a my-demo Client",
    )
