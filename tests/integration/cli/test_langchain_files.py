"""`-b langchain:./file.py:Class`: a model in a file of the user's own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import targen_core
from targen_core.errors import UsageError

from ...runs import manifest, report

pytest.importorskip("targen_plugin_example")

CHAT = """
import json, random
from langchain_core.language_models import SimpleChatModel
from targen_standard.scripted import fill_schema

class Chat(SimpleChatModel):
    tone: str = "calm"
    _llm_type = "mine"

    def _call(self, messages, *args, **kwargs):
        with open("calls.txt", "a") as file:
            file.write("VERSION\\n")
        text = "\\n".join(str(m.content) for m in messages)
        schema = json.JSONDecoder().raw_decode(text.rpartition("JSON schema:")[2].strip())[0]
        filled = fill_schema(schema, random.Random(text))
        if "text" in filled:
            filled["text"] = "The till is down and the queue is at the door."
        return json.dumps(filled)
"""

RUN = "generate tickets -n 2 -q --give-up-after 2 -b langchain:"


def write(file, version="one"):
    Path(file).parent.mkdir(exist_ok=True)
    Path(file).write_text(CHAT.replace("VERSION", version))


def calls():
    path = Path("calls.txt")
    return path.read_text().split() if path.exists() else []


@pytest.fixture(autouse=True)
def _forget():
    yield
    for name in [name for name in sys.modules if name.startswith("targen_file_")]:
        del sys.modules[name]


def test_a_class_in_a_file_makes_rows_until_its_code_changes_and_its_path_stays_here(targen):
    write("alice/chat.py")
    targen(f"{RUN}./alice/chat.py:Chat -o tone=bold --out run")
    asked = len(calls())
    assert set(calls()) == {"one"}
    assert manifest("run")["config"]["backend"] == "langchain:chat.Chat"
    kept = Path("run/manifest.json").read_text() + Path("run/README.md").read_text()
    assert "alice" not in kept
    write("alice/chat.py", "two")
    targen(f"{RUN}./alice/chat.py:Chat -o tone=bold --out second")
    assert set(calls()[asked:]) == {"two"}
    assert report("second")["usage"]["total"]["cached"] == 0


def test_a_file_s_class_does_not_vouch_for_a_module_of_its_name(targen, monkeypatch):
    """A program may import from the folder in which a stranger's run lies."""
    write("mine/chat.py")
    targen(f"{RUN}./mine/chat.py:Chat --out run")
    Path("theirs").mkdir()
    Path("theirs/chat.py").write_text("open('EXECUTED', 'w').close()")
    monkeypatch.syspath_prepend("theirs")
    with pytest.raises(UsageError, match="but targen did not start it here"):
        targen_core.resume("run")
    assert not Path("EXECUTED").exists()
    assert "chat" not in sys.modules
