"""A delivery of a third party: its models answer, its price counts, its file is its own."""

from __future__ import annotations

import pytest

import targen_core
from targen_core import Price
from targen_core.calls.delivery import Delivery
from targen_core.errors import JobFailed, PluginError, UsageError
from targen_core.plugins.loader import load_registry
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry

from ..models import PORTER, Silent


class Pigeon(Silent):
    """A `DeferredModel`."""

    def __init__(self, model, home):
        self.identity, self.structured = model.identity, model.structured
        self.seeded, self.price = model.seeded, model.price
        self._model, self._home = model, home

    def attach_run(self, others, sent):
        assert others() == 0
        self._sent = sent

    async def complete(self, request):
        self._sent([request.key])
        with (self._home / "pigeons").open("a") as loft:
            loft.write(f"{request.key}\n")
        if (self._home.parent / "storm").exists():
            raise JobFailed("the pigeons wait out a storm", cause="answers")
        return await self._model.complete(request)

    def count_tokens(self, request):
        return self._model.count_tokens(request)

    async def aclose(self):
        await self._model.aclose()


class Pigeons(Delivery):
    summary = "by pigeon"
    asked, dropped = "--delivery pigeon", "--delivery ''"
    answered = "a pigeon takes its time"
    basis = ", by pigeon"

    def require(self, step, called, backend, options):
        if step == "correct":
            raise UsageError("no pigeon judges")

    def wrap(self, sources, run):
        return [Pigeon(source.model, run.folder) for source in sources]

    def price(self, price):
        return None if price is None else Price(price.input / 4, price.output / 4)

    def report(self, folder):
        return {"pigeons": (folder / "pigeons").exists()}


def registry(*deliveries):
    known = load_registry()
    own = [Registration("delivery", n, d, "", "birds", "b", "birds") for n, d in deliveries]
    return Registry([*known.everything(), *own], known.plugins, known.kinds)


@pytest.fixture
def made(tmp_path):
    """Runs a small task; returns the run."""

    def make(name, **options):
        known = {"registry": registry(("pigeon", Pigeons())), "correct": False, "cache": False}
        priced = {"price_in": 4.0, "price_out": 4.0}
        return targen_core.generate(
            PORTER, n=4, model="scripted", out=tmp_path / name, **{**known, **priced, **options}
        )

    return make


def test_a_delivered_run_has_the_same_rows_its_price_and_its_section(made):
    alone, flown = made("alone"), made("flown", delivery="pigeon")
    assert [*alone] == [*flown]
    assert flown.report.raw["pigeons"] is True and alone.report.raw["pigeons"] is False
    price = {step: each and each["in"] for step, each in flown.report.raw["prices"].items()}
    assert price["generate"] == 1.0 and price["contexts"] == 4.0


def test_models_that_are_missing_are_the_fault_of_its_authors(made):
    class Lost(Pigeons):
        def wrap(self, sources, run):
            return []

    with pytest.raises(PluginError, match=r"Lost.wrap.. returned .., not one model per source"):
        made("run", registry=registry(("pigeon", Lost())), delivery="pigeon")
