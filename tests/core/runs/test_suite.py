"""Suites: the tasks of one plugin as one piece of work."""

from __future__ import annotations

import json
from types import ModuleType

import pytest

from targen_cli.suite import run_suite, suite_tasks
from targen_core import Backend, ListStep, RunSpec, hookimpl, load_registry
from targen_core.errors import BudgetExhausted, UnknownName
from targen_core.options import Limits
from targen_core.plugins.loader import Source, installed_sources

pytestmark = pytest.mark.usefixtures("virtual_time")


@pytest.fixture
def suite(lab, tmp_path):
    """Run two tasks that list their contexts by the very same call."""
    world = lab.World(lists=(4, 3))
    first = world.task(name="first")
    second = world.task(
        name="second",
        contexts=first.contexts,
        seeds=(ListStep(item=str, propose=first.seeds[0].propose, batch=2),),
    )

    def run(out="suite", *, cache=None, **limits):
        model = lab.ToyModel(world.reply)
        module = ModuleType("suite_under_test")

        def register_tasks(register):
            register.register("first", first)
            register.register("second", second)

        module.register_tasks = hookimpl(register_tasks)
        backend = Backend(summary="", options=lab.Options, create=lambda options: model)
        module.register_backends = hookimpl(lambda register: register.register("toy", backend))
        builtin = [s for s in installed_sources() if s.distribution == "targen-core"]
        registry = load_registry([*builtin, Source("acme", "1", "pair", module)])
        specs = [
            (
                tmp_path / out / task.name,
                RunSpec(
                    task=task.id,
                    quotas={"yes": 4, "no": 4},
                    backend="toy",
                    options={"max_tokens": 20},  # little is reserved for a call
                    limits=Limits(concurrency=4, **limits),
                ),
            )
            for task in suite_tasks(registry, "pair")
        ]
        reports = []
        run_suite(registry, specs, lambda job: reports.append(job.run()), cache=cache)
        return reports, model

    return run


def test_a_list_call_of_two_tasks_is_made_once(suite):
    reports, model = suite()
    assert [report["status"] for report in reports] == ["complete", "complete"]
    asked = [r.messages for r in model.requests if r.origin.step == "contexts"]
    assert len(set(asked)) == len(asked)
    first, second = (report["usage"]["total"] for report in reports)
    assert first["cached"] == 0
    assert second["cached"] >= 1
    assert len(set(model.asked)) == len(model.asked)


def test_one_budget_holds_for_all_tasks(suite, tmp_path):
    reports, _ = suite("free")
    tokens = [r["usage"]["total"] for r in reports]
    needed = sum(t["input_tokens"] + t["output_tokens"] for t in tokens)
    with pytest.raises(BudgetExhausted):
        suite("short", max_tokens=needed * 3 // 4)
    spent = 0
    for name in ("first", "second"):
        if (tmp_path / "short" / name / "journal").exists():
            spent += _tokens(tmp_path / "short" / name / "journal")
    assert 0 < spent <= needed * 3 // 4
    reports, _ = suite("short", max_tokens=10 * needed)  # more money: it goes on
    assert [report["status"] for report in reports] == ["complete", "complete"]


def _tokens(journal):
    records = [json.loads(line[9:]) for line in journal.read_bytes().splitlines()]
    return sum(r["in"] + r["out"] for r in records if "key" in r and not r.get("cached"))


def test_a_suite_is_named_by_entry_point_or_distribution(suite):
    registry = load_registry()
    with pytest.raises(UnknownName, match="no plugin named 'nowhere' registers tasks"):
        suite_tasks(registry, "nowhere")
