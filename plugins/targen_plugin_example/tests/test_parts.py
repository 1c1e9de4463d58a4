"""So do its corrector, its backend, its exporter, its metric and its trainer."""

from targen_analysis.testing.suite import MetricSuite as Metrics
from targen_testing.backends import BackendSuite as Backends
from targen_testing.correctors import CorrectorSuite as Correctors
from targen_testing.exporters import ExporterSuite as Exporters
from targen_testing.steps import CheckSuite as Checks
from targen_testing.steps import FilterSuite as Filters
from targen_training.testing.suite import TrainerSuite as Trainers


class TestKeywords(Correctors):
    """It judges only tickets, by their words."""

    corrector = "keywords"
    task = "tickets"


class TestCanned(Backends):
    """It does not call a service, so the tests with a server are skipped."""

    backend = "canned"
    options = ("tone=brisk",)
    wire = None


class TestPage(Exporters):
    """A page of tickets."""

    exporter = "page"
    task = "tickets"


class TestLoudness(Metrics):
    """The share of rows with an exclamation mark."""

    metric = "loudness"


class TestBayes(Trainers):
    """Words that tell."""

    trainer = "bayes"


class TestNoPlaceholder(Checks):
    """Tickets have no gaps."""

    check = "no-placeholder"
    task = "tickets"
    refused = ({"text": "The lift at [COMPANY] is broken.", "label": "urgent"},)


class TestFirstWords(Filters):
    """Each opening may occur once."""

    filter = "first-words"
    task = "tickets"
    options = ("words=9", "most=1")
