"""The registrations of this plugin.

targen imports this module for every command, so it imports nothing heavy: a
target is a text, "module:ATTRIBUTE", which is imported when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from targen_core import hookimpl

if TYPE_CHECKING:
    from targen_core.plugins.adapters import Adapter
    from targen_core.plugins.register import Register


@hookimpl
def register_adapters(register: Register[Adapter]) -> None:
    """Objects of the package are models: `generate(TASK, model=Client())`.

    The names are the top-level packages whose objects the adapter is asked about.
    """
    register.register(
        "my-demo",
        "my_demo.adapter:ADAPTER",
        aliases=[__name__.partition(".")[0]],
        summary="a my-demo Client",
    )
