"""`generate`, `resume` and `load`: what they take, what they return, and where it goes."""

from __future__ import annotations

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import targen_core as tg
from targen_core.api.generating import agenerate
from targen_core.cli.estimating import estimate as targen_estimate
from targen_core.dataset.model import Dataset
from targen_core.errors import (
    BudgetExhausted,
    QuotaNotMet,
    RunConflict,
    ServiceError,
    UsageError,
)
from targen_standard.correction.api import correct
from targen_standard.merging.api import merge
from targen_standard.replaying.api import replay

from ...runs import manifest, records
from ..models import PORTER


def porter(**options):
    return tg.generate(PORTER, model="scripted", **options)


# --- what is returned -------------------------------------------------------


def test_a_run_is_its_rows_with_its_path_and_report():
    run = porter(n=4, out="runs/x")
    assert run.path == Path("runs/x")
    assert list(run) == records("runs/x", "dataset.jsonl")
    assert (len(run), run[0]["idx"], bool(run)) == (4, 0, True)
    assert run.report.complete
    assert run.report.status == "complete"
    assert run.report.rows == run.report.requested == {"calm": 2, "alarm": 2}
    assert run.report.raw == json.loads(Path("runs/x/report.json").read_text())
    assert run.report.cost == 0.0
    assert run.report.usage.calls == run.report.raw["usage"]["total"]["calls"]
    assert run.task.name == "porter"
    assert [each["idx"] for each in run.provenance] == [0, 1, 2, 3]
    assert repr(run).startswith("<Run runs/x: file:porter, complete, 4 of 4 rows, ")


def test_a_notebook_shows_tables_in_which_nothing_is_markup(lab):
    class Loud(lab.ToyModel):
        async def complete(self, request):
            reply = await super().complete(request)
            return tg.ChatReply(reply.text.replace("a", "<script>&"), "stop", 1, 1)

    world = lab.World()
    run = tg.generate(world.task(), n=2, model=Loud(world.reply), correct=False)
    shown = run._repr_html_()
    assert "<script>" in run[0]["text"]
    assert "<script>" not in shown
    assert "&lt;script&gt;&amp;" in shown
    assert "<th>requested</th>" in shown


# --- where it goes ----------------------------------------------------------


def test_different_runs_at_once_do_not_want_one_folder():
    many = 4
    begun = threading.Barrier(many)

    def one(number):
        begun.wait(60)
        return porter(n=2, near_duplicates=80 + number)

    with ThreadPoolExecutor(many) as threads:
        runs = list(threads.map(one, range(many)))
    assert {run.path.name for run in runs} == {"porter-0", *(f"porter-0-{n}" for n in (2, 3, 4))}
    for number, run in enumerate(runs):
        parts = manifest(run.path)["lock"]["parts"]
        assert parts["filter near-duplicates"]["options"] == {"near_duplicates": 80 + number}

    async def both():
        made = (agenerate(PORTER, n=n, seed=1, model="scripted") for n in (2, 4))
        return await asyncio.gather(*made)

    assert [len(run) for run in asyncio.run(both())] == [2, 4]


def test_more_rows_of_the_same_run_are_refused():
    porter(n=2)
    with pytest.raises(RunConflict, match="its target is 2 rows, not 4") as caught:
        porter(n=4, out="runs/porter-0")
    assert "targen resume runs/porter-0 -n 4" in caught.value.hint
    grown = tg.resume("runs/porter-0", n=4)
    assert len(grown) == 4
    assert len(tg.resume(grown, labels={"calm": 4})) == 6
    assert grown.report.rows == {"calm": 4, "alarm": 2} and len(grown) == 6


def test_numbers_of_numpy_are_those_of_python():
    made = [
        porter(
            n=number(2),
            seed=number(3),
            near_duplicates=real(80),
            temperature=real(0.5),
            steps={"correct": {"temperature": real(0.25)}},
            options={"max_tokens": number(900), "stop": several(["END"])},
            out=out,
        )
        for out, number, real, several in (
            ("x", np.int64, np.float32, np.array),
            ("y", int, float, list),
        )
    ]
    assert [*made[0]] == [*made[1]] and manifest("x")["config"] == manifest("y")["config"]
    for number, real in ((np.int64, np.float32), (int, float)):
        labels = {"calm": number(1), "alarm": number(1)}
        assert len(merge(["x"], out="all", n=number(2), near_duplicates=number(80))) == 2
        assert len(merge(["x"], out="all", labels=labels, near_duplicates=real(80))) == 2
        assert len(replay("x", f"of {number}", near_duplicates=real(50))) == 2
        assert correct("x", model="scripted", flip=real(0.5), n=number(2)).report.instances == 2
        tokens = [number(3), {"correct": number(3)}]
        for each in tokens:
            estimate = targen_estimate(PORTER, n=9, model="scripted", reasoning_tokens=each)
            assert estimate.total["reasoning_tokens"]
    with pytest.raises(UsageError, match="temperature is <object"):
        porter(n=2, temperature=object())


@pytest.mark.parametrize("form", [list, iter, np.array])
def test_names_are_given_in_any_list(form):
    """The truth value of an array is ambiguous."""
    run = porter(n=2, filters=form(["near-duplicates"]), checks=form([]), out="x")
    assert manifest("x")["config"]["filters"] == ["targen-standard:near-duplicates"]
    assert len(porter(n=2, filters=form([]), variants=form([]), out="y")) == 2
    assert correct(run, model="scripted", variants=form([])).report.kept == 2
    with pytest.raises(UsageError, match="porter has no variant"):
        porter(n=2, variants=form(["loud"]))


# --- what is asked for ------------------------------------------------------


def test_a_task_is_a_name_a_file_or_a_declaration():
    Path("porter.json").write_text(PORTER.as_json())
    by_object = porter(n=4, out="a")
    for number, task in enumerate(("./porter.json", Path("porter.json"))):
        again = tg.generate(task, n=4, model="scripted", out=f"b{number}")
        assert list(again) == list(by_object)
    assert tg.resume("a", n=6).report.complete  # the run keeps a copy


def test_options_go_to_the_backend_and_steps_to_one_step():
    run = porter(
        n=2,
        latency_ms=0.5,
        temperature=0.9,
        options={"max_tokens": 300},
        steps={"seeds": {"batch": 3, "temperature": 0.1, "top_p": None}, "correct": "scripted"},
        correct=True,
        corrector="blind",
    )
    lock = manifest(run.path)["lock"]
    generate, seeds = (lock["steps"][step] for step in ("generate", "seeds"))
    assert (generate["params"]["temperature"], generate["params"]["max_tokens"]) == (0.9, 300)
    assert (seeds["params"]["temperature"], seeds["options"]["latency_ms"]) == (0.1, 0.5)
    assert (lock["batches"], lock["corrector"]) == ([10, 3], "targen-standard:blind")
    steps = porter(n=2, correct=False, out="b").report.models
    assert {*steps} == {"contexts", "seeds", "generate"}


def test_contexts_and_seeds_are_a_file_or_items():
    Path("mine.txt").write_text("a kitchen\na court\n")
    by_file = porter(n=4, contexts="mine.txt", out="a")
    by_items = porter(n=4, contexts=["a kitchen", "a court"], out="b")
    assert list(by_file) == list(by_items)
    assert {each["above"][0] for each in by_file.provenance} == {"a kitchen", "a court"}
    assert "contexts" not in {step["step"] for step in by_file.report.raw["usage"]["by_step"]}
    seeds = (f"The tap of room {number} was left running." for number in range(4))
    assert {each["seed"] for each in porter(n=2, seeds=seeds, out="c").provenance} <= {
        f"The tap of room {number} was left running." for number in range(4)
    }


# --- how it ends ------------------------------------------------------------


def test_what_ends_early_is_our_error_and_keeps_what_was_made(lab):
    world = lab.World(maximum=1, lists=(1, 1))
    with pytest.raises(QuotaNotMet) as caught:
        tg.generate(world.task(), n=40, model=lab.ToyModel(world.reply), out="short")
    load, resume = "load('short', task=TASK)", "resume('short', task=TASK, model=MODEL)"
    kept = f"to load the rows generated so far: targen_core.{load}"
    assert caught.value.__notes__[-1] == f"{kept}; to continue: targen_core.{resume}"
    assert caught.value.run_path == Path("short")
    kept = tg.load("short", task=world.task())
    assert kept.report.status == "short"
    assert not kept.report.complete
    assert len(kept) == sum(kept.report.rows.values())


def test_an_error_of_the_service_has_the_path_of_the_run_that_is_kept():
    refuse = {"model": "scripted", "unauthorized": True}
    with pytest.raises(ServiceError) as caught:
        porter(n=4, steps={"correct": refuse}, out="kept")
    assert caught.value.run_path == Path("kept")
    with pytest.raises(ServiceError) as caught:
        porter(n=4, unauthorized=True, out="gone")
    assert caught.value.run_path is None and not Path("gone").exists()


# --- load -------------------------------------------------------------------


@pytest.mark.whole
def test_a_run_without_a_row_is_an_empty_sequence():
    with pytest.raises(BudgetExhausted):
        porter(n=4, max_tokens=3000, out="x")
    run = tg.load("x")
    assert (len(run), list(run), bool(run)) == (0, [], True)
    assert run.dataset == Dataset("x", run.task, [])
    assert (run.dataset.labels, len(run.dataset.to_pandas())) == ({}, 0)
    assert run._repr_html_() == run.report._repr_html_()


# --- a job of one's own -----------------------------------------------------
