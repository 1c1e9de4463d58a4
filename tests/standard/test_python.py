"""What programs look at: a preview, a profile, and results as they show themselves."""

from __future__ import annotations

import asyncio
import builtins
from pathlib import Path

import pytest

import targen_core as tg
from targen_core import errors
from targen_standard.comparing.api import diff
from targen_standard.previewing.api import preview
from targen_standard.scripted import ScriptedModel, ScriptedOptions
from targen_standard.task_files.model import Declaration
from targen_standard.tracing.api import trace
from targen_standard.validating.api import validate

LABELS = {"order": "It asks where an order is.", "refund": "It asks for money back."}
MAIL = Declaration(name="mail", description="E-mails to a shop.", labels=LABELS)

pytestmark = pytest.mark.usefixtures("alone")


def test_a_preview_shows_rows_and_calls_and_leaves_no_run():
    made = preview(MAIL, model="scripted", progress=False)
    assert {row["label"] for row in made.rows} == {"order", "refund"}
    assert {call.step for call in made.calls} == {"seeds", "generate", "correct"}
    assert not made.rejected and made.problem is None and not Path("runs").exists()
    run = tg.generate(MAIL, n=2, model="scripted", progress=False)
    assert [(row["text"], row["label"]) for row in run] == [
        (row["text"], row["label"]) for row in made.rows
    ]
    assert repr(made).startswith("<Preview of mail: 2 rows, 3 calls, ")
    assert made.rows[0]["text"] in made._repr_html_()

    async def cell() -> object:
        return preview(MAIL, n=2, model="scripted", progress=False)

    assert repr(asyncio.run(cell())) == repr(made)


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        (lambda request: {}["no"], r"script: KeyError: 'no' in <lambda> \(line \d+ of .*\.py\)"),
        (lambda request: object, r"script: <lambda> \(line \d+ of .*\) returned <class 'object'>"),
    ],
)
def test_an_error_of_a_script_names_its_function_and_line(script, problem):
    model = ScriptedModel(ScriptedOptions(), script)
    with pytest.raises(errors.PluginError, match=problem) as caught:
        tg.generate(MAIL, n=2, model=model, progress=False)
    assert caught.value.distribution == "memory"


class ZMQInteractiveShell:
    """A notebook, as Rich recognizes it by the name of its class."""


def test_results_show_what_matters(monkeypatch, capsys):
    assert repr(MAIL) == "<Declaration 'mail': labels order, refund>"
    run = tg.generate(MAIL, n=4, model="scripted", out="a", progress=False)
    assert "<td>order 2</td>" in run.report._repr_html_()
    traced = trace(run, 0)
    label = run[0]["label"]
    assert repr(traced).endswith(f"/{label}/0 in a: accepted, label {label}, 3 calls>")
    assert run[0]["text"] in traced._repr_html_()
    assert str(traced).startswith(f"row 0  {label}\n") and "\n└─ verdict  accepted" in str(traced)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(builtins, "get_ipython", ZMQInteractiveShell, raising=False)
    assert str(trace(run, 0)) == str(traced)
    assert capsys.readouterr().out == ""
    checked = validate([*run, {"text": "Where?", "label": "lost"}], MAIL)
    assert repr(checked) == "<Validation of dataset: 5 rows of mail, 1 invalid>"
    other = tg.generate(MAIL, n=4, seed=1, model="scripted", out="b", progress=False)
    apart = diff(run, other)
    assert repr(apart).startswith("<Difference of a and b: 1 different setting; rows: ")
    assert "<td>seed</td><td>0</td><td>1</td>" in apart._repr_html_()
