"""`--variant paper` asks what the paper's sections say, and nothing of ours beside it."""

from __future__ import annotations

import re

import pytest

from targen_core import generate
from targen_core.plugins.loader import load_registry
from tests.runs import journal, manifest

TASKS = {
    "axg": {"settings", "subjects", "sentences_paper", "follows", "false"},
    "boolq": {"domains", "titles", "paragraphs", "yes-paper", "no-paper"},
    "cb": {"settings", "paper_entailment", "paper_contradiction", "paper_neutral"},
    "copa": {"settings", "events", "cause_any", "effect_any"},
    "multirc": {"titles", "paragraphs", "question-paper"},
    "record": {"domains", "titles", "paragraphs", "query-paper"},
    "rte": {"topics", "sentences", "sound", "unsound"},
    "wic": {"words_paper", "definitions_paper", "true_paper", "false_paper"},
    "wsc": {"settings", "subjects", "passages_paper"},
}
"""The prompts that section 3.2 and appendix D allow: contexts, seeds, and one for each label.

The meta-prompt of appendix F comes in addition.
"""


@pytest.mark.whole  # one of them is another distribution's
@pytest.mark.parametrize("name", TASKS)
def test_a_paper_run_asks_what_the_section_allows(name, tmp_path):
    task = load_registry().get("task", name)
    run = generate(name, n=4, variants=["paper"], model="scripted", out=tmp_path / "run")
    calls = [call for call in journal(run.path) if "messages" in call]
    assert {call["prompt"] for call in calls} == {*TASKS[name], "meta"}
    assert manifest(run.path)["lock"]["corrector"] == "targen-standard:meta-paper"
    drawn = {dimension.name for _, dimension in task.dimensions_by_step if dimension.in_prompt}
    for call in calls:
        for role, text in call["messages"]:
            assert "Keep to th" not in text, (call["prompt"], role)
            lines = re.findall(r"^\d+\. (.+)$", text, re.MULTILINE)
            assert not any(line.startswith(f"{one}: ") for one in drawn for line in lines)
        if call["step"] == "correct":
            whole = str(call["messages"])
            assert "no_valid_instance" not in whole and "unsure" not in whole
