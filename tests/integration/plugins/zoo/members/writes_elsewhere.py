"""It leaves a file where nobody asked for one. kind: exporter; caught by: writes-nowhere-else"""

from targen_core import Exporter

from .good import write


def _write(dataset, out):
    write(dataset, out)
    (out.parent / "index.html").write_text("<html></html>")
    (out.parent / "index.html").unlink()


PART = Exporter(write=_write, suffix=".txt", summary="an exporter of the zoo")
