"""Jobs: what a run directory holds, and which runs may go on in it."""

from __future__ import annotations

import json

import pytest
import yaml

from targen_core.errors import RunConflict, RunDirectoryError

from ...runs import OUTPUTS

pytestmark = pytest.mark.usefixtures("virtual_time")

QUOTAS = {"yes": 6, "no": 6}


def test_a_run_directory_holds_what_it_says(lab, tmp_path):
    world = lab.World(bad=0.2)
    ran = lab.run(world, tmp_path / "run", QUOTAS)
    names = {path.name for path in ran.path.iterdir() if not path.name.startswith(".")}
    assert names == {*OUTPUTS, "manifest.json", "journal", "ledger", "report.json", "README.md"}
    assert all(set(row) == {"seed", "text", "label", "idx"} for row in ran.rows)
    assert json.loads((ran.path / "report.json").read_text()) == ran.report
    card = (ran.path / "README.md").read_text()
    front = yaml.safe_load(card.split("---\n")[1])
    assert front["pretty_name"] == "toy (synthetic)"
    assert front["configs"][0]["data_files"] == [{"split": "train", "path": "dataset.jsonl"}]
    assert "| yes | 6 | 6 |" in card
    assert "Status" not in card
    assert ran.model.closed == 1


OTHERWISE = [
    ({"seed": 1}, "started with --seed 0, not 1"),
    ({"balance": "intended"}, "started with --balance final, not intended"),
    ({"options": {"temperature": 0.5}}, "--backend, --model or -o"),
    ({"near_duplicates": 80.0}, "started with --near-duplicates 90.0, not 80.0"),
    ({"corrector": None}, "corrector"),
    ({"contexts_limit": 3}, "started with --contexts-limit none, not 3"),
    ({"options": {"seeds.batch": 9}}, "-o STEP.batch"),
]


def test_another_run_in_the_same_directory_is_refused(lab, tmp_path):
    world = lab.World()
    first = lab.run(world, tmp_path / "run", QUOTAS)
    for change, words in OTHERWISE:
        with pytest.raises(RunConflict, match="contains a different run") as caught:
            lab.run(world, tmp_path / "run", QUOTAS, **change)
        assert words in str(caught.value), change
    assert lab.run(world, tmp_path / "run", QUOTAS).files == first.files


def test_a_directory_of_something_else_is_left_alone(lab, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(RunConflict, match="not a run directory"):
        lab.run(lab.World(), tmp_path / "mine", QUOTAS)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]
    (tmp_path / "file").write_text("x")
    with pytest.raises(RunConflict):
        lab.run(lab.World(), tmp_path / "file", QUOTAS)
    (tmp_path / "empty").mkdir()
    assert lab.run(lab.World(), tmp_path / "empty", QUOTAS).error is None
    with pytest.raises(RunDirectoryError, match="not a run directory"):
        lab.run(lab.World(), tmp_path / "mine", resume=True)


# --- resuming what has changed ---


def test_another_version_or_prompt_of_the_task_is_refused(lab, tmp_path):
    from targen_core import Prompt

    world = lab.World()
    task = world.task(prompts=(Prompt("one", "text $a"),))
    lab.run(world, tmp_path / "run", QUOTAS, task=task)
    with pytest.raises(RunConflict, match="started with a different task"):
        lab.run(world, tmp_path / "run", resume=True, task=task.replace(version="2"))
    changed = task.replace(prompts=(Prompt("one", "another text $a"),))
    with pytest.raises(RunConflict, match="started with a different task"):
        lab.run(world, tmp_path / "run", resume=True, task=changed)


def test_another_model_is_refused(lab, tmp_path):
    world = lab.World()
    lab.run(world, tmp_path / "run", QUOTAS)
    other = lab.ToyModel(world.reply, identity="another")
    with pytest.raises(RunConflict, match="started with a different --backend, --model or -o"):
        lab.run(world, tmp_path / "run", resume=True, model=other)


@pytest.mark.parametrize(
    "options",
    [
        {"stop": "4", "model": "4", "timeout": "12", "mirrors": ["a", "b"]},
        {"stop": "null", "temperature": 0.25, "model": "1.50", "timeout": 12},
        {"stop": ["a", "b"], "model": "null", "price_in": 0.125, "price_out": 3},
        {"correct.model": "large", "model": "naïve/模型", "correct.max_tokens": 9},
    ],
    ids=str,
)
def test_options_are_the_same_after_resume(lab, tmp_path, options):
    world = lab.World()
    made = []

    def create(options):
        made.append(options)
        return lab.ToyModel(world.reply)

    def start(**how):
        del made[:]
        ran = lab.run(world, tmp_path / "run", model=create, **how)
        return ran, [options.model_dump() for options in made]

    first, models = start(quotas=QUOTAS, options=options)
    again, same = start(resume=True)
    assert first.error is None
    assert again.error is None
    assert again.report["usage"] == first.report["usage"]
    assert {str(model) for model in models} == {str(model) for model in same}


# --- reports ---
