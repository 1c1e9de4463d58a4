"""No two of its files are the same. kind: exporter; caught by: same-bytes-again"""

import time

from targen_core import Exporter

from .good import write


def _write(dataset, out):
    write(dataset, out)
    with open(out, "a") as file:
        file.write(f"written at {time.time_ns()}\n")


PART = Exporter(write=_write, suffix=".txt", summary="an exporter of the zoo")
