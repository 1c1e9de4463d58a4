"""What arguments must be: an error that says what is wrong, and what to pass.

A line of refused.txt is a call, the error, and the hint. `integration/cli/mistakes` has what people
get wrong, and what the command refuses in the same way.
"""

from __future__ import annotations

import asyncio
import shutil
from functools import partial
from pathlib import Path

import pytest

import targen_core as tg
from targen_core.cli.estimating import estimate
from targen_core.errors import UsageError
from targen_standard.scripted import ScriptedModel, ScriptedOptions
from targen_testing.sample import SAMPLE

from ...functions import FUNCTIONS
from ...tables import table
from ..models import Silent

pytestmark = pytest.mark.whole

CALLS = table(Path(__file__).with_name("refused.txt").read_text(encoding="utf-8"))
FILES = {
    "stray/mine.txt": "mine",
    "values.json": "[1, 2]",
    "torn.json": "[{}",
    "none.json": "[]",
    "empty.txt": "\n \n",
    "half.jsonl": '"a"\n{"b": 1}\n',
}


async def later(request):
    return ""


def scripted(script):
    return ScriptedModel(ScriptedOptions(), script)


def silent(**changes):
    """A model of one's own, with something else in its place."""
    model = Silent()
    vars(model).update(changes)
    return model


KNOWN = {**FUNCTIONS, "tg": tg, "asyncio": asyncio, "SAMPLE": SAMPLE}
KNOWN["Partly"] = type("Partly", (), {"identity": "a", "complete": later})
KNOWN |= {function.__name__: function for function in (later, scripted, silent)}
KNOWN |= {
    name: partial(function, "rte", model="scripted")
    for name, function in (("generate", tg.generate), ("estimate", estimate))
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    made = tmp_path_factory.mktemp("made") / "run"
    tg.generate("rte", n=2, model="scripted", out=made, progress=False, cache=False)
    return made


@pytest.mark.parametrize(("call", "error", "hint"), CALLS)
def test_what_cannot_be_is_refused(call, error, hint, run):
    for name, text in FILES.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text)
    shutil.copytree(run, "run")
    with pytest.raises(tg.TargenError) as caught:
        eval(call, dict(KNOWN))
    assert error in str(caught.value)
    assert hint in caught.value.hint
    assert not Path("runs").exists()


def test_the_model_of_the_settings_is_not_used_but_named(tmp_path, monkeypatch):
    monkeypatch.setenv("TARGEN_CONFIG_DIR", str(tmp_path))
    (tmp_path / "targen.toml").write_text('backend = "llama"\nmodel = "m"\nmax-cost = 2\n')
    with pytest.raises(UsageError, match="targen config apply to commands") as error:
        tg.generate("rte", n=2)
    assert error.value.hint == 'pass model="llama/m", max_cost=2.0'
