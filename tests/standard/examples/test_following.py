"""Rows written after two examples: the manner of one, a subject near that of another."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from pydantic import BaseModel

import targen_core as tg
from targen_core.tasks.parts import RealTexts
from targen_core.tasks.prompt import Prompt
from targen_standard.task_files.model import Declaration

from ...runs import manifest, records, report

pytestmark = pytest.mark.whole  # a service is asked


class Note(BaseModel):
    text: str


PLAIN = """\
description: Notes that a night porter leaves for the morning.
labels:
  calm: nothing happened that needs anybody
  alarm: something must be done at once
corrector: none
"""


@pytest.fixture(autouse=True)
def _task() -> None:
    Path("plain.yaml").write_text(PLAIN, encoding="utf-8")


@pytest.fixture
def generates(targen):
    """`targen generate FILE`, with scripted replies, into the folder `run`."""

    def go(task, n, *args):
        out = () if "--out" in args else ("--out", "run")
        done = targen("generate", task, "-n", n, "-b", "scripted", "-q", "--no-cache", *args, *out)
        assert done.code == 0, done.err

    return go


@pytest.fixture
def follows(like):
    """The same with the examples and a service."""

    def go(asked, examples="notes.txt", **more):
        args = ("--examples", examples, "--out", "run")
        done = like(asked, *args, task="plain.yaml", **more)
        assert done.code == 0, done.err

    return go


@pytest.fixture
def porter(texts, made_up):
    """A model that writes, and labels the examples: one has no label, and two are not sure."""

    def reply(prompt):
        if "Give each of the texts below" not in prompt:
            return {"text": made_up(prompt)}
        labels = []
        for number, text in re.findall(r"^(\d+)\. (.*)$", prompt, re.MULTILINE):
            name = "calm" if text in texts["calm"] else "alarm"
            none = text == texts["calm"][0]
            sure = text not in (texts["calm"][1], texts["alarm"][0])
            labels.append({"number": int(number), "label": "none" if none else name, "sure": sure})
        return {"labels": labels}

    return reply


def shown(prompt):
    """The label of a prompt of step 3, and the texts that it shows, in order."""
    label = re.search(r"^The label of the new row is (\w+):", prompt, re.MULTILINE)
    return (label[1], re.findall(r"^\d\. (.*)$", prompt, re.MULTILINE)) if label else None


def pairs(asked):
    return [found for found in map(shown, asked.prompts) if found]


def test_each_row_follows_a_pair_of_its_label(served, like, porter, texts):
    asked = served(porter)
    done = like(asked, "--examples", "notes.txt", "--out", "run", task="plain.yaml", n=40)
    assert done.code == 0, done.err
    assert sum("Give each of the texts below" in prompt for prompt in asked.prompts) == 1
    seen = pairs(asked)
    for label, some in seen:
        assert len(some) == 5
        assert {*some} <= {*texts[label]} - {texts["calm"][0]}, "of its label, and none without"
    led = [(label, *some[:2]) for label, some in seen]
    assert len({*led}) == len(led), "each pair once"
    assert {manner for _, manner, _ in led} == {*texts["calm"][1:], *texts["alarm"]}, "all lead"
    lines = Path("notes.txt").read_text().splitlines()
    for record in records("run"):
        notes = record["notes"]
        pair = record["intended"], lines[notes["manner"] - 1], lines[notes["subject"] - 1]
        assert pair in led
        assert len(record["calls"]) == 2, "the labels of the examples, and the row"
    assert report("run")["examples"]["rows"] == 20
    sent = {"label-examples", "follow-calm", "follow-alarm"}
    assert sent <= manifest("run")["lock"]["task"]["prompts"].keys()


def test_step_4_sees_some_examples_without_their_labels(works, texts):
    Path("plain.yaml").write_text(PLAIN.replace("corrector: none\n", ""), encoding="utf-8")
    told = works("preview", "plain.yaml", "-b", "scripted", "-n", 8, "--full", "--examples",
                 "notes.txt").out  # fmt: skip
    judge = told[told.index("You check finished work") :]
    seen = [text for some in texts.values() for text in some if f"- {text}" in judge]
    assert len(seen) == 8
    assert "is of the right kind" in judge


@pytest.mark.parametrize("profile", ["pairs", "whole"])
def test_lengths_of_examples_keep_to_the_limits_of_the_field(profile, works):
    texts = [f"{'so ' * at}the lamp is out." for at in range(40)]  # 4 to 43 words
    Path("lengths.txt").write_text("\n".join(texts), encoding="utf-8")
    Path("limits.yaml").write_text(f"{PLAIN}fields: {{text: {{words: [6, 24]}}}}\n")
    done = works("preview", "limits.yaml", "-b", "scripted", "-n", 60, "--full", "--examples",
                 "lengths.txt", "-o", f"examples.profile={profile}")  # fmt: skip
    said = {int(n) for n in re.findall(r"\babout (\d+) words", done.out)}
    assert len(said) > 9
    assert min(said) >= 6
    assert max(said) <= 24


def test_texts_of_several_lines_and_the_length_of_the_task_file(generates):
    rows = [{"text": f"Note {at}.\n\nAll is well, {at} times."} for at in range(20)]
    Path("lines.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    with open("plain.yaml", "a", encoding="utf-8") as file:
        file.write("dimensions: {length: [one line, a page], tone: [dry, warm]}\n")
    generates("plain.yaml", 4, "--examples", "lines.jsonl")
    for record in records("run"):
        assert sum(map(len, record["above"][0]["lines"].values())) == 20, "each has a label"
        assert record["dimensions"].keys() == {"tone"}, "examples show the length"


def test_labels_that_the_examples_have_cost_no_call(served, follows, texts, labelled):
    asked = served()
    follows(asked, labelled)
    assert len(pairs(asked)) == len(asked.prompts)
    assert all({*some} <= {*texts[label]} for label, some in pairs(asked))


def test_without_labels_of_use_any_example_is_followed(served, follows, made_up):
    asked = served(lambda prompt: {"text": made_up(prompt)})  # which are no labels
    follows(asked)
    written = [prompt for prompt in asked.prompts if shown(prompt)]
    assert written
    assert all("texts of the dataset, of any label" in prompt for prompt in written)


@pytest.mark.parametrize(
    "args",
    [
        ("--contexts", "own.txt"),
        ("--seeds", "own.txt"),
        ("-o", "examples.profile=none"),
        ("--no-show-examples",),
        ("--shard", "1/2"),
    ],
    ids=" ".join,
)
def test_what_leaves_the_steps_of_the_task(generates, args):
    Path("own.txt").write_text("the lift\nthe gate\nthe archive\nthe yard\n", encoding="utf-8")
    generates("plain.yaml", 4, "--examples", "notes.txt", *args)
    assert all("manner" not in record.get("notes", {}) for record in records("run"))


@pytest.mark.parametrize(
    "keys",
    [
        "seeds: {description: a thing in the house}\n",
        "fields: {text: the note, room: where}\n",
        "branches: {calm: well, alarm: trouble, odd: {definition: odd, judged: true}}\n",
    ],
    ids=lambda keys: keys.split(":")[0],
)
def test_what_a_task_file_says_itself_stays(targen, keys):
    text = PLAIN.replace("corrector: none\n", "") + keys
    Path("own.yaml").write_text(text, encoding="utf-8")
    Path("rows.jsonl").write_text(
        "".join(
            json.dumps({"text": line, "room": "hall"}) + "\n"
            for line in Path("notes.txt").read_text().splitlines()
        )
    )
    given = ("--examples", "rows.jsonl")
    done = targen("preview", "own.yaml", "-b", "scripted", "-n", "2", "--full", *given)
    assert done.code == 0, done.err
    assert "Manner: like text 1" not in done.out


def test_rows_follow_examples_if_each_label_has_enough(works):
    notes = Path("notes.txt").read_text().splitlines()[:12]
    Path("twelve.txt").write_text("\n".join(notes))
    three = PLAIN.replace("corrector", "  odd: neither\ncorrector")
    for task, is_followed in ((PLAIN, True), (three, False)):
        Path("own.yaml").write_text(task + "examples: {file: twelve.txt}\n", encoding="utf-8")
        done = works("preview", "own.yaml", "-b", "scripted", "-n", "3", "--full")
        assert ("Manner: like text 1" in done.out) is is_followed
        if task is three:
            said = "rows do not follow pairs of examples: there are 12, but 18 are needed, 6 for "
            assert f"{said}each label\n" in done.err


def test_a_run_continues_to_the_same_rows(generates, works):
    for n, out in ((20, "whole"), (6, "part")):
        generates("plain.yaml", n, "--examples", "notes.txt", "--out", out)
    works("resume", "part", "-n", 20, "-q", "--no-cache")
    for name, key in (("provenance.jsonl", "id"), ("dataset.jsonl", "text")):
        whole, part = ({row[key] for row in records(run, name)} for run in ("whole", "part"))
        assert whole == part


def test_many_labels_and_a_long_list(generates):
    lines = "".join(f"  intent-{at}: a question about matter {at}\n" for at in range(30))
    Path("many.yaml").write_text(f"description: Mail.\nlabels:\n{lines}corrector: none\n")
    questions = [f"question {at} about my account, please" for at in range(300)]
    Path("many.txt").write_text("\n".join(questions), encoding="utf-8")
    generates("many.yaml", 60, "--examples", "many.txt")
    said = report("run")
    assert said["met"] is True
    calls = [one["calls"] for one in said["usage"]["by_step"] if one["step"] == "contexts"]
    assert sum(calls) == 4, "a hundred examples, 25 per call"


def test_a_task_in_code_may_write_after_real_texts(texts):
    seen = []

    async def write(llm, seed):
        assert isinstance(seed, RealTexts)
        seen.append(seed)
        note = await llm.ask(Prompt("after", f"--- user\nWrite like: {seed.manner}"), reply=Note)
        return task.instance(text=note.text, label=llm.branch)

    made = Declaration(
        description="Notes that a porter leaves.", labels={"calm": "quiet", "alarm": "trouble"}
    ).task(name="coded")
    task = made.replace(following=dict.fromkeys(made.generators, write))
    real = [{"text": text, "label": label} for label in texts for text in texts[label]]
    run = tg.generate(
        task.replace(dry_run=lambda call: {"text": f"the note of {call.rng.random()}"}),
        n=2,
        model="scripted",
        examples=real,
        correct=False,
        out="run",
        cache=False,
        progress=False,
    )
    assert seen
    assert all(one.manner in {*texts["calm"], *texts["alarm"]} for one in seen)
    assert run.path.exists()
    with pytest.raises(ValueError, match="following needs a generator for each branch"):
        made.replace(following={"calm": write})
