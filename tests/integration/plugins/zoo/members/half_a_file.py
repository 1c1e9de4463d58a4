"""It ends in the middle and says nothing. kind: exporter; caught by: leaves-nothing-half-done"""

import contextlib

from targen_core import Exporter

from .good import write


def _write(dataset, out):
    with contextlib.suppress(Exception):
        write(dataset, out)


PART = Exporter(write=_write, suffix=".txt", summary="an exporter of the zoo")
