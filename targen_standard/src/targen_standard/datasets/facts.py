"""The hook of the kind of dataset readers, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from targen_core.plugins.hookspecs import hookspec

if TYPE_CHECKING:
    from targen_core import Register
    from targen_standard.datasets.source import DatasetReader


@hookspec
def register_dataset_readers(register: Register[DatasetReader]) -> None:
    """Register readers of datasets: forms of files and folders that `read_dataset` opens.

    Example:
        ```python
        @hookimpl
        def register_dataset_readers(register):
            register.register("brat", "my_package.brat:READER", summary="brat folders")
        ```
    """
