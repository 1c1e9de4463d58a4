"""What a stranger's file names is not run, read or asked; what its reader typed is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ...files import write_lines
from ...tables import mistakes, table

DECLARED = "description: A line to a shop.\nlabels:\n  praise: pleased\n  blame: displeased\n"
EVIL = """\
from pathlib import Path
from targen_standard.task_files.model import Declaration
Path(__file__).with_name("ran").touch()
TASK = Declaration(description="x", labels={"praise": "a", "blame": "b"}).task(name="evil")
def reply(request):
    return ""
"""
ROWS = [{"text": f"line {at}", "label": ("praise", "blame")[at % 2]} for at in range(8)]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder from a stranger, where a person works."""
    theirs = tmp_path / "theirs"
    write_lines(theirs / "rows.jsonl", ROWS)
    write_lines(tmp_path / "private.jsonl", [{"text": "SECRET", "label": "praise"}])
    (theirs / "evil.py").write_text(EVIL)
    (theirs / "t.yaml").write_text(DECLARED)
    monkeypatch.chdir(theirs)
    return theirs


@pytest.fixture
def ran(here):
    """Whether the stranger's code was executed."""
    return (here / "ran").exists


METHODS = """
    {"use": "zerogen", "task": "evil.py"}
    {"use": "zerogen", "task": "t.yaml", "kept": "open('ran', 'w')"}
    {"use": "coda", "task": "t.yaml", "given": "../private.jsonl"}
    {"use": "coda", "task": "t.yaml", "given": "hf:evil/name"}
    {"use": "coda", "task": "t.yaml", "given": ".rows.jsonl"}
    {"use": "coda", "task": "t.yaml", "given": "rows.jsonl", "options": {"syntax": "./model"}}
    {"use": "coda", "task": "t.yaml", "given": "rows.jsonl", "options": {"syntax": ["hf:evil/x"]}}
"""


@pytest.mark.parametrize("method", [method for (method,) in table(METHODS, 1)])
def test_a_file_of_a_method_names_no_code_and_no_data_elsewhere(method, here, ran, refuses):
    (here / "asked.json").write_text(f'{{"method": {method}}}')
    for command in ("describe", "generate", "validate rows.jsonl --task"):
        done = refuses(f"{command} asked.json", "asked.json sets method.")
        assert "SECRET" not in done.out + done.err
    assert not ran()


@pytest.mark.parametrize(("keys", "named"), mistakes("declarations", 2))
def test_a_declaration_names_no_hidden_file_no_dataset_elsewhere_and_no_cost(
    keys, named, here, refuses, monkeypatch
):
    write_lines(Path(".rows.jsonl"), ROWS)
    Path("d.yaml").write_text(DECLARED + keys)
    monkeypatch.chdir(here.parent)  # where datasets are looked for
    said = refuses("generate theirs/d.yaml -n 2 -b scripted", "theirs/d.yaml sets ").err
    assert named in said


@pytest.mark.parametrize(("text", "named"), mistakes("experiments", 2))
def test_an_experiment_names_no_code_address_key_or_limit(text, named, here, ran, refuses):
    top = 'task = "rte"\ntest = "rows.jsonl"\n'
    Path("e.toml").write_text(text.replace("{top}", top))
    for plan in ("", "--plan"):
        assert named in refuses(f"compare e.toml {plan}", "e.toml sets ").err
    assert not ran()


def test_a_model_names_no_code(here, ran, works, refuses):
    works("train rows.jsonl --task t.yaml --out model --trainer tfidf")
    facts = json.loads(Path("model/model.json").read_text())
    for name in ("evil.py", "./evil.py:TASK"):
        changed = {**facts, "task": name, "tasks": {name: facts["labels"]}, "files": {}}
        Path("model/model.json").write_text(json.dumps(changed))
        refuses("evaluate model rows.jsonl", "")
    for copy in ("../evil.py", "tasks/../../evil.py", "/etc/task.py"):
        changed = {**facts, "files": {facts["task"]: copy}}
        Path("model/model.json").write_text(json.dumps(changed))
        refuses("evaluate model rows.jsonl", "is not a copy of a task in this folder")
    assert not ran()
