"""Never edit: the conformance kit as a plugin for targen.v1 uses it."""

from __future__ import annotations

from targen_testing.backends import BackendSuite as Backends
from targen_testing.correctors import CorrectorSuite as Correctors
from targen_testing.exporters import ExporterSuite as Exporters
from targen_testing.tasks import TaskSuite as Tasks


class TestLetters(Tasks):
    task = "letters"


class TestPolite(Correctors):
    corrector = "polite"
    task = "letters"


class TestParrot(Backends):
    backend = "parrot"
    options = ()
    wire = None


class TestPost(Exporters):
    exporter = "post"
    task = "letters"
