"""The line of progress: where somebody sees it, and nowhere else."""

from __future__ import annotations

import io
import sys
import time
from types import SimpleNamespace

import pytest

import targen_core as tg
from targen_core.display import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def generate(lab):
    """Generates rows once something was drawn."""

    def run(drawn, **options):
        world = lab.World()

        def hook(number, request):
            while number == 1 and not drawn():
                time.sleep(0.001)

        model = lab.ToyModel(world.reply)
        model.hook = hook
        return tg.generate(world.task(), n=4, model=model, **options)

    return run


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr(progress, "_REFRESH", 0.001)
    monkeypatch.delitem(sys.modules, "IPython", raising=False)


def test_a_terminal_sees_one_line_redrawn(monkeypatch, generate):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "200")
    generate(terminal.getvalue)
    said = terminal.getvalue()
    assert said.startswith("\rtoy 0/4")
    assert said.count("\n") == 1
    assert "\rtoy 4/4; " in said
    assert said.rstrip().endswith("tokens, $0.0002") or "calls" in said


def test_a_pipe_sees_nothing_and_neither_does_who_wants_none(monkeypatch, generate):
    pipe, terminal = io.StringIO(), Terminal()
    monkeypatch.setattr(sys, "stderr", pipe)
    generate(lambda: True)
    monkeypatch.setattr(sys, "stderr", terminal)
    generate(lambda: True, progress=False, out="quiet")
    assert pipe.getvalue() == terminal.getvalue() == ""


def test_a_notebook_sees_one_output_that_is_updated(monkeypatch, generate):
    published = []
    shell = SimpleNamespace(
        kernel=object(),
        display_pub=SimpleNamespace(publish=lambda **message: published.append(message)),
    )
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    generate(lambda: published)
    assert [message["update"] for message in published][:2] == [False, True]
    assert len({message["transient"]["display_id"] for message in published}) == 1
    head, *lines = published[-1]["data"]["text/plain"].split("\n")
    assert head.startswith("toy 4/4: ") and "2/2" in head
    assert any("calls, " in line for line in lines)
