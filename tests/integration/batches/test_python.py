"""A run's calls as files, from Python."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import targen_core as tg
from targen_core.errors import AnswersAwaited, UsageError
from targen_standard import Declaration, export_batch, import_batch

from ...files import write_lines

NOTES = ["The lamp on the stairs is out.", "A guest has lost a key.", "Nobody rang all night."]


def test_calls_are_exported_and_answers_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    task = Declaration(
        description="Notes.", labels={"calm": "nothing", "alarm": "something"}, seeds=NOTES
    ).task()
    how: dict[str, Any] = {"n": 4, "model": "llama/m", "correct": False, "progress": False}
    for seed, out in enumerate(["run", "other"]):
        with pytest.raises(AnswersAwaited):
            tg.generate(task, seed=seed, out=out, delivery="files", **how)
    run, other = (tg.load(out, task=task) for out in ("run", "other"))
    calls = export_batch(run, "calls.jsonl")
    keys = [json.loads(line)["custom_id"] for line in Path("calls.jsonl").read_text().splitlines()]
    assert calls == {"generate": len(keys)} and len(run) == 0
    answers = [{"text": f"{number} is the room that rang."} for number in range(len(keys))]
    write_lines(
        "answers.jsonl",
        ({"custom_id": k, "content": a} for k, a in zip(keys, answers, strict=True)),
    )
    brought = import_batch(run, Path("answers.jsonl"))
    assert (brought.good, brought.bad, brought.pending) == (len(keys), 0, 0)
    assert run.report.complete and len(run) == 4
    assert export_batch(run, "none.jsonl") == {}
    with pytest.raises(UsageError, match="answers belong to run") as caught:
        import_batch(other, "answers.jsonl")
    assert caught.value.hint == 'targen_core.import_batch("run", "answers.jsonl")'
