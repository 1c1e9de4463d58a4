"""Our filters use what anybody's may: an order, flags of their own, rows across runs."""

from __future__ import annotations

import contextlib
import inspect
import logging
from dataclasses import replace
from typing import Annotated

import pytest
from pydantic import Field

import targen_core
from targen_core.cli.commands.estimate import estimate as estimate_command
from targen_core.cli.commands.generate import generate as generate_command
from targen_core.cli.estimating import estimate
from targen_core.engine.filters import Candidate, Filter, Filters, Refusal
from targen_core.errors import JobFailed, UsageError
from targen_core.options import Flag, Options
from targen_core.plugins.configurable import Configurable
from targen_core.plugins.loader import load_registry
from targen_core.plugins.register import OURS, Registration
from targen_core.plugins.registry import Registry
from targen_core.runs.config import CountOptions, ModelFlags, RunConfig, WorkerOptions
from targen_core.runs.records import shortcuts
from targen_standard.merging.api import merge
from targen_standard.previewing.command import preview
from targen_testing.sample import SAMPLE

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
    def test_are_none_unless_it_is_registered_so(self, installed):
        installed(of("lengths", LengthOptions, flags=False))
        with pytest.raises(UsageError, match="longest"):
            RunConfig(task="rte", quotas={"yes": 2}, longest=9)

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

    def test_are_off_where_nothing_else_turns_the_filter_on(self, installed):
        class Theirs(Options):
            longest: Annotated[int | None, Flag("Letters of the longest row.")] = None
            least: Annotated[int, Flag("Letters of the shortest row.")] = 2
            told: Annotated[int, Flag("Letters of most rows.", default="none")] = 3

        installed(of("theirs", Theirs))
        assert shortcuts.shortcuts()["longest"].flag.default == "off"
        assert shortcuts.shortcuts()["least"].flag.default == "2, if the filter theirs is on"
        assert shortcuts.shortcuts()["told"].flag.default == "none"
        assert shortcuts.shortcuts()["max_refused"].flag.default == ""  # --max-cosine does that

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

    @pytest.mark.whole
    def test_leave_a_backend_its_own_options(self, installed, tmp_path, monkeypatch):
        class Theirs(Options):
            fail: Annotated[float, Flag("Theirs.")] = 1.0

        class Named(targen_core.BackendOptions):
            fail: bool = False

        monkeypatch.chdir(tmp_path)
        installed(of("theirs", Theirs))
        scripted = load_registry().get("backend", "scripted")
        asked = []

        def create(options):
            asked.append(options.fail)
            return scripted.create(scripted.options())

        backend = replace(scripted, options=Named, create=create)
        item = Registration("backend", "named", backend, "", "acme", "a", "acme")
        registry = Registry([*load_registry().everything(), item])
        targen_core.generate("rte", n=2, model="named", fail=True, registry=registry)
        assert asked == [True]


def test_no_argument_of_ours_is_left_to_a_filter():
    """Another's flag of such a name would be shadowed without a word."""
    ours = {*inspect.signature(targen_core.generate).parameters}
    ours |= {*inspect.signature(estimate).parameters}
    ours |= {*inspect.signature(generate_command).parameters}
    ours |= {*inspect.signature(estimate_command).parameters}
    ours |= {*inspect.signature(preview).parameters}
    known = {*shortcuts._COMMANDS, *shortcuts.rows()}
    models = (RunConfig, CountOptions, ModelFlags, WorkerOptions)
    known |= {name for of in models for name in of.model_fields}
    assert ours - known == set()


def test_each_flag_of_our_filters_is_a_keyword_of_generate():
    """So `help` and editors show it."""
    ours = Registry(i for i in load_registry().everything() if i.distribution in OURS)
    flags = {name for of in shortcuts._flagged(ours).values() for name in of.flags}
    assert "examples" in flags
    assert flags <= {*inspect.signature(targen_core.generate).parameters}


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


def test_rows_of_merged_runs_pass_through_those_that_say_so(tmp_path):
    item = Registration("filter", "lengths", Lengths, "", "acme", "a", "acme")
    known = Registry([*load_registry().everything(), item])
    asked = {"model": "scripted", "cache": False, "progress": False, "registry": known}
    for seed in (1, 2):
        targen_core.generate(
            SAMPLE, out=tmp_path / f"{seed}", seed=seed, n=4, filters="lengths", **asked
        )
    runs = [tmp_path / "1", tmp_path / "2"]
    with contextlib.suppress(JobFailed):  # labels lack rows then
        merge(runs, out=tmp_path / "all", registry=known, task=SAMPLE)
    rows = targen_core.load(tmp_path / "all", task=SAMPLE, registry=known).dataset
    lengths = [len(text) for text in map("\n".join, rows.texts)]
    assert len(set(lengths)) == len(lengths)
