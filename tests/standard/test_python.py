"""What programs look at: a preview, a profile, and results as they show themselves."""

from __future__ import annotations

import asyncio
import builtins
import html
import json
import os
import signal
from pathlib import Path

import pytest

import targen_core as tg
from targen_core import errors
from targen_core.calls.model import ChatRequest
from targen_core.errors import JobFailed, UsageError
from targen_standard.comparing.api import diff
from targen_standard.previewing.api import preview
from targen_standard.scripted import ScriptedModel, ScriptedOptions
from targen_standard.task_files.model import Declaration
from targen_standard.tracing.api import trace
from targen_standard.validating.api import validate

from ..core.models import Silent

LABELS = {"order": "It asks where an order is.", "refund": "It asks for money back."}
MAIL = Declaration(name="mail", description="E-mails to a shop.", labels=LABELS)
TEXTS = [f"where is my parcel number {n}" for n in range(24)]

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


def test_a_preview_says_what_ended_it_and_why_candidates_became_no_row():
    with pytest.raises(JobFailed, match="cost budget exhausted"):
        preview(MAIL, model="scripted", price_in=1e6, price_out=1, max_cost=1, progress=False)
    refusing = {"garbage_rate": 1.0}
    made = preview(MAIL, model="scripted", progress=False, **refusing)
    assert "no reply for the list of seeds" in str(made.problem)
    assert made.calls and str(made.problem) in html.unescape(made._repr_html_())
    assert made.calls[0].reply.text in html.unescape(made._repr_html_())
    steps = {"generate": {"model": "scripted", **refusing}}
    made = preview(MAIL, model="scripted", steps=steps, progress=False)
    assert not made.rows and made.problem is not None
    assert "malformed-reply" in str(made.problem)


def test_ctrl_c_in_a_preview_ends_the_program():
    class Stops(Silent):
        async def complete(self, request: ChatRequest) -> tg.ChatReply:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(0)
            return tg.ChatReply(json.dumps(request.dry_run and request.dry_run()))

    with pytest.raises(KeyboardInterrupt, match="stopped by Ctrl-C"):
        preview(MAIL, model=Stops(), progress=False)


def test_a_column_of_a_data_frame_is_numbers_of_rows():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"text": TEXTS, "label": ["order", "refund"] * 12})
    run = tg.generate(MAIL, labels=frame["label"].value_counts() // 6, model="scripted", out="a")
    assert run.report.rows == {"order": 2, "refund": 2}
    grown = tg.resume(run, labels=frame["label"].value_counts() // 4)
    assert grown.report.rows == {"order": 3, "refund": 3}


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


def test_a_hint_does_not_name_a_task_that_no_name_finds():
    with pytest.raises(UsageError, match="row 1 does not fit the task mail") as caught:
        tg.read_dataset([{"text": "Where?", "label": "lost"}], MAIL)
    assert caught.value.hint.endswith("targen validate ROWS --task TASK")


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
