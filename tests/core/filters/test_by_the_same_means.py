"""Our filters use what anybody's may: an order, flags of their own, rows across runs."""

from __future__ import annotations

import inspect
import logging
from typing import Annotated

import pytest
from pydantic import Field

import targen_core
from targen_core.cli.estimating import estimate
from targen_core.engine.filters import Candidate, Filter, Filters, Refusal
from targen_core.errors import UsageError
from targen_core.options import Flag, Options
from targen_core.plugins.configurable import Configurable
from targen_core.plugins.loader import load_registry
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_core.runs import shortcuts
from targen_core.runs.config import RunConfig
from targen_standard.previewing.command import preview

from ...runs import manifest as read_manifest

pytestmark = pytest.mark.usefixtures("virtual_time")


class LengthOptions(Options):
    longest: Annotated[int, Field(ge=1), Flag("Letters of the longest row.")]


class Lengths(Filter):
    """Refuses a row of a length that is there."""

    across_runs = True
    precedence = 5

    def __init__(self, options=None):
        self.there = set()

    def find(self, candidate):
        return Refusal("same-length", "it is there") if len(candidate.text) in self.there else None

    def add(self, accepted):
        self.there.add(len(accepted.text))
        return b""


@pytest.fixture
def installed(monkeypatch):
    """Have filters installed beside all others."""

    def have(*items):
        monkeypatch.setattr(
            shortcuts,
            "load_registry",
            lambda: Registry([*load_registry().everything(), *items]),
        )
        shortcuts.filters_with_flags.cache_clear()

    yield have
    monkeypatch.undo()
    shortcuts.filters_with_flags.cache_clear()


def of(name, options, *, flags=True, distribution="acme"):
    made = Configurable(options, Lengths)
    return Registration("filter", name, made, "", distribution, "a", "acme", flags=flags)


def test_the_one_of_lower_precedence_is_asked_first():
    asked = []

    class Asked(Filter):
        def __init__(self, precedence):
            self.precedence = precedence

        def find(self, candidate):
            asked.append(self.precedence)

    Filters([Asked(0), Asked(3), Asked(-20), Asked(-10)]).find(Candidate("", None, "", ""))
    assert asked == [-20, -10, 0, 3]


class TestFlags:
    def test_take_no_name_of_ours(self, installed):
        class Theirs(Options):
            near_duplicates: Annotated[float, Flag("Theirs.")] = 1.0

        installed(of("theirs", Theirs))
        config = RunConfig(task="rte", quotas={"yes": 2}, near_duplicates=80)
        assert config.options == {"near-duplicates.near_duplicates": 80}

    def test_that_are_taken_leave_the_others(self, installed):
        class Theirs(Options):
            out: Annotated[int, Flag("Theirs.")] = 1
            longest: Annotated[int, Flag("Theirs.")] = 9

        class Later(Options):
            longest: Annotated[int, Flag("Another's.")] = 9

        theirs, later = of("theirs", Theirs), of("a-later", Later, distribution="b")
        installed(theirs, later)
        assert shortcuts.shortcuts()["longest"].flag.help == "Theirs."
        registry = shortcuts.load_registry()
        assert shortcuts.taken_flags(registry, theirs.id) == {"out": "targen"}
        assert shortcuts.taken_flags(registry, later.id) == {"longest": "the filter acme:theirs"}

    @pytest.mark.whole
    def test_are_keywords_in_python(self, installed, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        installed(of("lengths", LengthOptions))
        registry = Registry([*load_registry().everything(), of("lengths", LengthOptions)])
        asked = {"n": 2, "model": "scripted", "registry": registry}
        manifest = read_manifest(targen_core.generate("rte", longest=9, **asked).path)
        assert manifest["config"]["options"] == {"lengths.longest": 9}
        assert manifest["lock"]["parts"]["filter lengths"]["id"] == "acme:lengths"
        assert estimate("rte", longest=9, **asked).rows == 2
        assert "longest" in shortcuts.rows()
        assert "near_duplicates" in inspect.signature(preview).parameters
        for function in (targen_core.generate, estimate):
            with pytest.raises(UsageError, match="longest is 0"):
                function("rte", longest=0, **asked)
        with pytest.raises(UsageError) as caught:
            targen_core.generate("rte", longst=9, **asked)
        assert caught.value.hint == "did you mean longest?"


class TestWithoutIt:
    @pytest.fixture
    def alone(self, lab, monkeypatch):
        whole = lab.registry

        def registry(task, model, **backend):
            items = whole(task, model, **backend).everything()
            return Registry([item for item in items if item.kind != "filter"])

        monkeypatch.setattr(lab, "registry", registry)
        return monkeypatch

    def test_a_run_says_so_and_goes_on_the_same_once_it_is_installed(
        self, lab, tmp_path, alone, caplog
    ):
        world = lab.World(repeat=0.5)
        with caplog.at_level(logging.WARNING, "targen.run"):
            first = lab.run(world, tmp_path / "run", {"yes": 4, "no": 4})
        (said,) = [r.getMessage() for r in caplog.records if "near-duplicates" in r.getMessage()]
        assert said.endswith("is not installed, so rows may repeat each other")
        assert first.error is None
        assert not [record for record in first.rejects if record["verdict"] == "duplicate"]
        alone.undo()
        grown = lab.run(world, tmp_path / "run", grow={"yes": 6, "no": 6})
        assert grown.error is None
        assert not [record for record in grown.rejects if record["verdict"] == "duplicate"]

    def test_what_asks_for_it_is_refused(self, monkeypatch):
        monkeypatch.setattr(shortcuts, "load_registry", Registry)
        shortcuts.filters_with_flags.cache_clear()
        try:
            with pytest.raises(UsageError, match="exclude: no installed filter"):
                RunConfig(task="rte", quotas={"yes": 2}, exclude=["a.jsonl"])
            with pytest.raises(UsageError, match="examples: no installed filter"):
                RunConfig(task="rte", quotas={"yes": 2}, examples="a.jsonl")
            RunConfig(task="rte", quotas={"yes": 2}, exclude=(), max_cosine=None)
        finally:
            shortcuts.filters_with_flags.cache_clear()
