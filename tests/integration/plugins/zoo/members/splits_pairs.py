"""It reads each row for itself. kind: exporter; caught by: keeps-pairs-together"""

from targen_core import Exporter

from .good import write


def _write(dataset, out):
    for row in dataset.rows:
        dataset.task.from_rows([row])
    write(dataset, out)


PART = Exporter(write=_write, suffix=".txt", summary="an exporter of the zoo")
