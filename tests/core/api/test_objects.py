"""Tasks and models that are objects: by a name inside, handed over again to resume."""

from __future__ import annotations

import json
from enum import Enum, StrEnum
from pathlib import Path

import pytest
from pydantic import BaseModel

import targen_core as tg
from targen_core.errors import PluginError, UnknownName, UsageError
from targen_core.plugins.loader import load_registry
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_core.tasks.judging import CorrectionSample
from targen_standard.exporting.api import export
from targen_standard.replaying.api import replay
from targen_standard.revising.api import revise
from targen_testing.sample import SAMPLE

from ...runs import manifest
from ..models import Silent


@pytest.fixture
def world(lab):
    return lab.World(relabel=0.2, bad=0.1)


def lock(run):
    return manifest(run.path)["lock"]


def test_objects_are_named_in_all_that_is_written(lab, world):
    run = tg.generate(world.task(), n=6, model=lab.ToyModel(world.reply, identity="toy-7b"))
    assert run.path.name == "toy-0"
    assert lock(run)["task"]["id"] == "memory:toy"
    assert {step["backend"] for step in lock(run)["steps"].values()} == {"memory:toymodel"}
    assert run.report.task == "memory:toy"
    assert set(run.report.models.values()) == {"toy-7b"}
    assert "memory:toy" in (run.path / "README.md").read_text()


def test_the_rows_are_those_of_the_same_parts_from_plugins(lab, world, tmp_path):
    by_object = tg.generate(world.task(), n=6, model=lab.ToyModel(world.reply), out="a")
    by_name = lab.run(world, tmp_path / "b", {"yes": 3, "no": 3})
    assert list(by_object) == by_name.rows


def test_without_them_the_error_says_what_to_hand_over(lab, world):
    tg.generate(world.task(), n=2, model=lab.ToyModel(world.reply), out="x")
    with pytest.raises(UnknownName, match="task 'toy' was a Python object") as caught:
        tg.resume("x", model=lab.ToyModel(world.reply))
    again = "targen_core.resume('x', task=TASK, model=MODEL)"
    assert caught.value.hint == again
    with pytest.raises(UnknownName, match="model 'toymodel' was a Python object") as caught:
        tg.resume("x", task=world.task())
    assert caught.value.hint == again
    loaded = tg.load("x")
    assert loaded.report.complete
    assert "yes" in loaded._repr_html_()
    with pytest.raises(UnknownName, match="task 'toy' was a Python object") as caught:
        _ = loaded.dataset
    assert caught.value.hint == "in Python: load(RUN, task=TASK)"
    assert len(tg.load("x", task=world.task())) == 2


@pytest.mark.whole
def test_a_replay_needs_neither_the_model_nor_its_backend(alone):
    class Model(Silent):
        async def complete(self, request):
            return tg.ChatReply(json.dumps(request.dry_run()))

    known = load_registry()
    without = Registry([item for item in known.everything() if item.kind != "backend"])
    canned = {"model": "canned", "tone": "brisk", "options": {"generate.temperature": 0.5}}
    asked = {"n": 4, "near_duplicates": 0, "progress": False}
    for name, how in {"canned": canned, "object": {"model": Model()}}.items():
        run = tg.generate(SAMPLE, **asked, **how, out=name)
        again = replay(Path(name), task=SAMPLE, registry=without, out=f"{name}-again")
        made, was = (lock(each) for each in (again, run))
        assert made["steps"] == was["steps"] and [*again] == [*run]
        lacking = replay(run.path, task=SAMPLE, registry=without, n=20, out=f"{name}-more")
        assert lacking.report.raw["replay"]["needed"]
        with pytest.raises(UnknownName, match=r"no backend named|'model' was a Python"):
            tg.resume(lacking.path, task=SAMPLE, registry=without)
        with pytest.raises(UnknownName, match=r"no backend named|'model' was a Python"):
            revise(run.path, SAMPLE, corrector="blind", registry=without, out="revised")
    assert not Path("revised").exists()


def test_a_fault_of_a_task_is_told_to_its_author(lab, world):
    def broken(row):
        raise ZeroDivisionError("oh")

    with pytest.raises(PluginError, match="ZeroDivisionError: oh") as caught:
        tg.generate(
            world.task(texts={"render": broken, "dedup_text": broken}), n=2, model="scripted"
        )
    assert caught.value.hint == "fix it, then resume: targen_core.resume(RUN, task=...)"


def _raise(request):
    raise ZeroDivisionError("oh")


@pytest.mark.parametrize(
    ("method", "gives", "wrong"),
    [
        ("complete", lambda request: "text", r"complete\(\) returned str, not a ChatReply"),
        ("complete", _raise, "ZeroDivisionError: oh"),
        ("count_tokens", lambda request: None, r"count_tokens\(\) returned NoneType, not an int"),
        ("count_tokens", _raise, "ZeroDivisionError: oh"),
    ],
)
def test_a_fault_of_a_model_is_told_to_its_author(method, gives, wrong, lab, world):
    async def later(request):
        return gives(request)

    model = lab.ToyModel(world.reply)
    setattr(model, method, later if method == "complete" else gives)
    with pytest.raises(PluginError, match=f"backend memory:toymodel: .*{wrong}") as caught:
        tg.generate(world.task(), n=2, model=model)
    assert caught.value.hint == "fix it, then resume: targen_core.resume(RUN, model=...)"


def test_a_part_that_a_task_names_is_that_of_its_own_distribution():
    """Another distribution that has a part of that name does not make the name ambiguous."""

    def short(row, seed):
        pass

    def refusing(row, seed):
        raise tg.Rejected("never")

    items = [
        Registration(
            "task",
            "ours",
            SAMPLE.replace(
                uses={"checks": ("brief",)},
            ),
            "",
            "acme",
            "",
            "",
        ),
        Registration("check", "brief", short, "", "acme", "", ""),
        Registration("check", "brief", refusing, "", "others", "", ""),
    ]
    registry = Registry([*load_registry().everything(), *items])
    assert len(tg.generate("acme:ours", n=2, model="scripted", registry=registry)) == 2


class Mood(str, Enum):  # noqa: UP042 - unlike a StrEnum, str(Mood.GOOD) is not "good"
    GOOD = "good"
    BAD = "bad"


class Tone(StrEnum):
    GOOD = "good"
    BAD = "bad"


@pytest.mark.parametrize("of", [Mood, Tone])
def test_labels_that_are_members_of_an_enum_are_their_texts(of, alone):
    class Row(BaseModel):
        text: str
        label: of

    def generator(mood):
        async def write(llm, topic):
            review = await SAMPLE.generators[mood.value](llm, topic)
            return Row(text=review.text, label=mood)

        return write

    shown = SAMPLE.judging.samples
    samples = [CorrectionSample(s.input, of(s.output), of(s.actual), s.explanation) for s in shown]
    task = SAMPLE.replace(
        instance=Row,
        labels=tuple(map(tg.Label, of)),
        generators={mood: generator(mood) for mood in of},
        judging={"samples": tuple(samples)},
    )
    asked = {"model": "scripted", "garbage_rate": 0.2, "cache": False, "progress": False}
    plain = tg.generate(SAMPLE, labels={"good": 4, "bad": 3}, out="plain", **asked)
    made = tg.generate(task, labels={of.GOOD: 4, of.BAD: 3}, out="made", **asked)
    assert [*made] == [*plain] and made.report.raw["flow"] == plain.report.raw["flow"]
    for name in ("dataset.jsonl", "provenance.jsonl"):
        assert (made.path / name).read_bytes() == (plain.path / name).read_bytes()
    rows = [{"text": "glad: a lamp", "label": of.GOOD, "idx": 0, "tags": [of.BAD]}]
    dataset = tg.read_dataset(rows, task)
    assert json.dumps(dict(dataset[0])) == json.dumps(rows[0])
    export(dataset, "rows.csv")
    assert ",good," in Path("rows.csv").read_text()
    with pytest.raises(UsageError, match="label good has a quota of -1"):
        tg.generate(task, labels={of.GOOD: -1}, **asked)
