"""What each command does when it is used as meant."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import importlib_metadata
import pytest

import targen_core
from targen_standard import scripted

from ...runs import manifest


def test_version(works):
    first, *plugins = works("--version").out.splitlines()
    assert first == f"targen-core {targen_core.__version__}"
    for name in ("targen-backends", "targen-tasks-superglue"):
        assert f"{name} {importlib_metadata.version(name)}" in plugins


def test_the_script_and_the_module_are_one_command():
    script = Path(sys.executable).with_name("targen")
    runs = [
        subprocess.run([*command, "nonsense"], capture_output=True, text=True, check=False)
        for command in ([str(script)], [sys.executable, "-m", "targen_core.cli"])
    ]
    assert runs[0].stderr == runs[1].stderr
    assert runs[0].returncode == runs[1].returncode == 2


def test_replies_that_are_made_up_are_called_so(works, monkeypatch):
    said = "The backend scripted calls no model: its replies are made up"
    compared = "preview rte -b scripted --variants default,paper"
    real = dataclasses.replace(scripted.BACKEND, made_up=False)
    for is_told in (True, False):
        if not is_told:
            monkeypatch.setattr(scripted, "BACKEND", real)
        shown = [works(line).out for line in ("preview rte -b scripted", compared)]
        shown += [works("generate rte -n 2 -b scripted --out run").out, works("report run").out]
        shown += [works("describe scripted --kind backend").out.replace("Calls a model: no", said)]
        assert [said in each for each in shown] == [is_told] * 5
        card = Path("run/README.md").read_text()
        assert ("The backend `scripted` calls no model: its replies are made up" in card) is is_told
        assert ("as the services returned them" in card) is not is_told
        assert ("the models that\nwrote it: scripted" in card) is not is_told
        Path("run").rename(f"run-{is_told}")
    works("generate rte -n 2 -b scripted --backend-for contexts=canned --out mixed")
    card = Path("mixed/README.md").read_text()
    assert "`canned` calls no model" in card and "as the services returned them" in card


def test_a_preview_says_what_made_no_row_and_writes_long_texts_as_paragraphs(targen, works):
    result = works("preview rte -n 6 -b scripted -o refusal_rate=0.3")
    assert "Rejected" in result.out and "refusal: the model refused" in result.out
    none = targen("preview rte -n 2 -b scripted -o generate.refusal_rate=1")
    assert none.out.startswith("no candidate became a row\n\nRejected\n")
    assert "    passage " in works("preview boolq -n 2 -b scripted").out
    said = [works(f"preview rte -n 2 -b scripted {each}").out for each in ("--prompts", "--full")]
    assert ["[system]" in each for each in said] == [False, True]


def test_a_run_takes_the_replies_of_its_preview(works, rte, monkeypatch):
    # Scripted replies are not shared between runs; those of a model are.
    shared = dataclasses.replace(scripted.BACKEND, cacheable=True)
    monkeypatch.setattr(scripted, "BACKEND", shared)
    works("preview rte -n 4 -b scripted")
    total = rte("-n", "4", "--json", "--concurrency", "2").json["usage"]["total"]
    assert total["cached"] >= 10, "its lists, and two calls for each of four rows, are there"
    assert total["calls"] <= 4, "what ran ahead may differ by a few"


STOPPING = """
import os, signal

def reply(request):
    os.kill(os.getpid(), signal.SIGTERM)
    return request.dry_run()
"""


def test_a_comparison_that_is_stopped_runs_no_other_variant(targen):
    Path("stop.py").write_text(STOPPING)
    result = targen("preview rte -b scripted --variants default,paper -o script=stop.py:reply")
    assert result.code == 130
    assert result.err.count("SIGTERM again to abort") == 1
    assert result.out == ""


@pytest.mark.parametrize("name", ["a, b", "a=b"])
def test_a_label_may_have_a_comma_or_an_equals_sign_in_its_name(name, works):
    Path("mail.yaml").write_text(f"description: Mail.\nlabels: {{'{name}': Of both., c: Of c.}}\n")
    for more in ("--label c=1", ""):
        works(f"generate mail.yaml -b scripted --dry-run --label '{name}=3' {more}")


def test_resume_grows_the_labels_that_it_names_and_keeps_the_others(finished, targen):
    finished("rte", "-n", 6)
    grown = targen("resume run --label entailment=5 -q --json")
    assert grown.json["rows"] == {"entailment": 5, "not_entailment": 3}
    left = "note: there were no calls left to make; targen resume run -n N, with a larger total"
    assert left not in grown.err
    assert left in targen("resume run").err


def test_an_option_on_resume_is_about_the_main_backend_wherever_that_is(rte, works):
    """The first step is on the other backend: it keeps its own options and price."""
    prices = "-o price_in=1 -o price_out=2 -o contexts.price_in=3 -o contexts.price_out=4"
    other = "--backend-for contexts=canned -o contexts.tone=brisk"
    rte(*f"-n 4 {other} {prices} --out run".split())
    works("resume run -n 6 -o price_in=5 -o price_out=6 -o latency_ms=1 --max-cost 9 -q")
    assert manifest("run")["lock"]["steps"]["contexts"]["identity"] == "canned:brisk"
