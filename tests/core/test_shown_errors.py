"""What a program that fails prints: the caller's own frames, and a short error."""

from __future__ import annotations

import pickle
import runpy
import traceback
from pathlib import Path

import pytest

import targen_core as tg
from targen_core.cli.estimating import estimate
from targen_core.errors import UsageError

PROGRAM = """\
import targen_core as tg
from langchain_core.language_models.fake_chat_models import FakeListChatModel

class Mine(FakeListChatModel):
    responses: list = []
    def _generate(self, *args, **kwargs):
        return self.responses[7]  # the line

tg.generate("rte", n=4, model=Mine(), progress=False)
"""
SCRIPTED = """\
import targen_core as tg

tg.generate("rte", n=4, model="scripted", script="replies.py:answer", progress=False)
"""
REPLIES = """\
def answer(request):
    return 1 / 0  # the line
"""


def test_a_function_stays_the_one_that_its_name_finds():
    assert pickle.loads(pickle.dumps(estimate)) is estimate


def test_who_looks_for_a_fault_of_targen_sees_all_frames(monkeypatch):
    monkeypatch.setenv("TARGEN_DEBUG", "1")
    with pytest.raises(UsageError) as caught:
        tg.load("runs/none")
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert len([frame for frame in frames if "/targen_core/" in frame.filename]) > 2


@pytest.mark.whole
@pytest.mark.parametrize(("program", "file"), [(PROGRAM, "program.py"), (SCRIPTED, "replies.py")])
def test_the_frames_are_those_of_the_caller(program, file, alone):
    Path("program.py").write_text(program)
    Path("replies.py").write_text(REPLIES)
    with pytest.raises(tg.TargenError) as caught:
        runpy.run_path("program.py")
    lines = "".join(traceback.format_exception(caught.value)).splitlines()
    frames = [line for line in lines if line.startswith('  File "')]
    assert not [frame for frame in frames if "/src/targen_" in frame or "langchain" in frame]
    frames = [frame for frame in frames if "program.py" in frame or "replies.py" in frame]
    assert f'{file}", line' in frames[0] and "program.py" in frames[-1]
    assert "# the line" in lines[lines.index(frames[0]) + 1]
    assert len(frames) == 2
    assert not [line for line in lines if "kept" in line], "there is no row yet"
