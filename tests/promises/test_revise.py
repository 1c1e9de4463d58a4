"""A changed task costs what it changes, and leaves all other rows alone."""

import random
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import pytest

from . import driver
from .driver import Run, World, code, definition, world
from .service import Request

LABELS = ("alpha", "beta", "gamma", "delta")
EACH = dict.fromkeys(LABELS, 4)
CHANGED = f"{definition('beta')} They do so at length."
SAMPLE = {"input": f"{code('beta')}!", "output": "alpha", "actual": "beta", "explanation": "So."}


def labels(**changes: Any) -> dict[str, Any]:
    """The labels of the task, with changes; None removes one."""
    changed = {**{label: definition(label) for label in LABELS}, **changes}
    return {label: what for label, what in changed.items() if what is not None}


NEW = {"epsilon": definition("epsilon")}
VALUE = {"definition": definition("beta"), "value": "B"}
# a change: the task's labels, the rows to have, the texts that it costs, the most judgements
CHANGES: dict[str, tuple[dict[str, Any], dict[str, int], dict[str, int], int]] = {
    "definition": (labels(beta=CHANGED), {}, {"beta": 4}, 16),
    "added": (labels(**NEW), {**EACH, "epsilon": 4}, {"epsilon": 4}, 20),
    "renamed": (labels(beta=None, **NEW), {}, {"epsilon": 4}, 16),
    "removed": (labels(beta=None), {}, {}, 12),
    "sample": (labels(), {}, {}, 16),
    "value": (labels(beta=VALUE), {}, {}, 0),
    "counts": (labels(), {**EACH, "beta": 6}, {"beta": 2}, 4),
}


class Revised(NamedTuple):
    """A run, all its revisions, and what each of them asked."""

    made: World
    base: Run
    asked: dict[str, list[Request]]


@pytest.fixture(scope="module")
def revised(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Revised]:
    with world(tmp_path_factory.mktemp("revise"), (*LABELS, "epsilon")) as made:
        shell, service = made.shell, made.service
        options = {"labels": EACH, "cache": False}
        task = driver.task_file(shell.folder, LABELS)
        calls = [driver.generation(task, "run", service, **options)]
        for name, (content, wanted, _, _) in CHANGES.items():
            more = {"samples": [SAMPLE]} if name == "sample" else {}
            task = driver.task_file(shell.folder / f"{name}-task", content, **more)
            calls.append(driver.call("revise", "run", task, name, labels=wanted or None))
        driver.python_calls(shell, calls, marked=service)
        ends = [i for i, request in enumerate(service.requests) if request.body["model"] == "mark"]
        parts = [service.requests[start + 1 : end] for start, end in pairwise([-1, *ends])]
        asked = dict(zip(("run", *CHANGES), parts, strict=True))
        yield Revised(made, shell.run("run"), asked)


def by_label(requests: list[Request], step: str) -> Counter[str]:
    """The requests of a step by the label that they are about."""
    questions = [r.messages[-1]["content"] for r in requests if driver.step_of(r.body) == step]
    labels = (*LABELS, "epsilon")
    return Counter(next(each for each in labels if code(each) in text) for text in questions)


def rows_of(run: Run, label: str) -> list[dict[str, Any]]:
    return [{**row, "idx": 0} for row in run.rows if row["label"] == label]


def test_a_revision_has_the_counts_and_leaves_the_run_alone(revised: Revised) -> None:
    for name, (content, wanted, _, _) in CHANGES.items():
        counts = Counter(wanted or dict.fromkeys(content, 4))
        if name == "value":
            counts["B"] = counts.pop("beta")
        assert revised.made.shell.run(name).counts() == counts, name
    assert revised.base.counts() == EACH and len(revised.asked["run"]) == 16 + 16 + 11


@pytest.mark.parametrize("name", CHANGES)
def test_only_changed_texts_are_written_again(revised: Revised, name: str) -> None:
    *_, written, judged = CHANGES[name]
    asked, run = revised.asked[name], revised.made.shell.run(name)
    found, checked = by_label(asked, "generate"), by_label(asked, "correct")
    assert found == written and checked.total() <= judged
    assert len(asked) == found.total() + checked.total() or name == "counts"
    for label in {*EACH} & {*run.counts()}:
        kept, now = rows_of(revised.base, label), rows_of(run, label)
        assert now[:4] == kept if label not in written or name == "counts" else now != kept
    if name in ("sample", "value"):
        text = revised.base.bytes["dataset.jsonl"]
        text = text.replace(b'"beta"', b'"B"') if name == "value" else text
        assert run.bytes["dataset.jsonl"] == text


def test_a_changed_definition_has_only_its_own_rows_judged(revised: Revised) -> None:
    assert by_label(revised.asked["definition"], "correct") == {"beta": 4}


def test_a_killed_revision_ends_as_one_that_was_not(revised: Revised) -> None:
    shell, service = revised.made.shell, revised.made.service
    service.seconds = lambda request: 0.01
    before, rng = len(service.requests), random.Random(3)
    first = driver.revise("definition-task/mail.yaml", out="killed")
    assert driver.run_with_kills(revised.made, first, 2, rng).code == 0
    killed, whole = (shell.run(name).bytes["dataset.jsonl"] for name in ("killed", "definition"))
    assert killed == whole
    asked = Counter(request.question for request in service.requests[before:])
    assert asked.total() - len(asked) <= 2, "only a call in flight is asked again"


def test_a_dry_run_and_a_wrong_file_ask_nothing(revised: Revised) -> None:
    shell, before = revised.made.shell, len(revised.made.service.requests)
    line = driver.revise("definition-task/mail.yaml", out="none", dry_run=True)
    assert CHANGED in shell(*line).text
    (shell.folder / "wrong.yaml").write_text("description: A letter.\nlabels: [alpha\n")
    assert "wrong.yaml" in shell(*driver.revise("wrong.yaml", out="none"), ok=2).text
    assert len(revised.made.service.requests) == before and not (shell.folder / "none").exists()
