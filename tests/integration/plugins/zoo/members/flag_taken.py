"""A filter's option has the name of a flag of targen's. kind: module; caught by: flag-taken"""

from typing import Annotated

from targen_core import Configurable, Filter, hookimpl
from targen_core.options import Flag, Options


class SizeOptions(Options):
    out: Annotated[int, Flag("How many letters a row may have.")] = 900


class Sizes(Filter):
    def __init__(self, options):
        self.most = options.out

    def find(self, candidate):
        return None


@hookimpl
def register_filters(register):
    sizes = Configurable(SizeOptions, Sizes)
    register.register("creature", sizes, summary="sizes of rows", flags=True)
