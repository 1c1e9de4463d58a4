"""What tasks share: settings, articles, subjects, and how replies of another form are taken."""

from __future__ import annotations

import pytest

# --- lists that several tasks begin with ----------------------------------------


@pytest.mark.parametrize("task", ["axg", "cb", "wsc"])
def test_settings_are_asked_for_in_the_same_calls(task, plain):
    """With one seed the keys are equal, so a suite pays them once."""
    one, two = (
        {request.key for request in plain(name, 24, seed=7).asked("settings")}
        for name in ("copa", task)
    )
    assert one
    assert len(one & two) == min(len(one), len(two))


def test_the_calls_of_the_paper_s_lists_are_the_same_calls_in_every_task(plain):
    boolq, record = (
        {tuple(entry["calls"][:3]) for entry in plain(task, 24, variants=("paper",)).provenance}
        for task in ("boolq", "record")
    )
    assert boolq & record
    assert boolq <= record


@pytest.mark.parametrize("task", ["boolq", "record"])
def test_bad_items_are_dropped_with_their_reason_and_the_run_goes_on(task, run):
    def bend(step, good, repair):
        if "titles" in good:
            return {"titles": ["1. Numbered", *good["titles"], good["titles"][0].upper()]}
        if "paragraphs" in good:
            return {"paragraphs": ["Too short.", *good["paragraphs"][:2], good["paragraphs"][0]]}
        return good

    ran = run(bend, task=task, rows=8)
    assert len(ran.rows) == 8
    dropped = {r["reason"] for r in ran.rejects if r["verdict"] == "dropped"}
    assert dropped == {"markup", "too-short", "repeated"}


# --- replies of another form --------------------------------------------------------
