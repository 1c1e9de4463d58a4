"""A second Ctrl-C ends a run whose backend never answers, and keeps the answers so far."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from saboteur import Saboteur

pytestmark = pytest.mark.whole

BACKEND = """
import asyncio, json, os, sys, threading
from pydantic import BaseModel
from targen_core import Backend, ChatReply, hookimpl

class Options(BaseModel):
    pass

class Hangs:
    structured, seeded, max_concurrency, price, identity = True, True, None, None, "hangs"

    def __init__(self, options):
        self.asked = 0

    async def complete(self, request):
        self.asked += 1
        how = os.environ.get("HANGS") if self.asked > 6 else None
        if how:
            print("hanging", file=sys.stderr, flush=True)
        if how == "thread":
            await asyncio.to_thread(threading.Event().wait)
        elif how == "block":
            threading.Event().wait()
        while how == "deaf":
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                pass
        return ChatReply(json.dumps(request.dry_run()), input_tokens=1, output_tokens=1)

    def count_tokens(self, request):
        return 1

    async def aclose(self):
        pass

@hookimpl
def register_backends(register):
    backend = Backend(summary="hangs", options=Options, create=Hangs, cacheable=False)
    register("hangs", backend)
"""
DEADLINE = 600  # seconds: a guard against hanging
HOW = ("thread", "block", "deaf")


@pytest.mark.skipif(sys.platform == "win32", reason="no signals there")
def test_a_second_ctrl_c_ends_a_run_whose_backend_never_answers(
    targen: Saboteur, folder: Path
) -> None:
    info = folder / "hangs-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hangs\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[targen.v1]\nhangs = hangs\n")
    (folder / "hangs.py").write_text(BACKEND)
    line = ("generate", "tickets", "-n", "12", "-b", "hangs", "-q", "--out")
    targen.works(*line, "whole")
    running = []
    for how in HOW:
        env = {
            **os.environ,
            "PYTHONPATH": str(folder),
            "HANGS": how,
            "TARGEN_CACHE_DIR": f"cache-{how}",
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "targen_core.cli", *line, how],
            cwd=folder,
            env=env,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append((process, how))
    for process, out in running:
        with process:
            assert process.stderr is not None
            for words in ("hanging", "again to abort"):
                assert any(words in line for line in process.stderr)  # reads no further than there
                process.send_signal(signal.SIGINT)
            assert process.wait(DEADLINE) == 130
        answered = (folder / out / "journal").read_bytes()
        assert answered
        targen.works("resume", out, "-q")
        assert (folder / out / "journal").read_bytes().startswith(answered)
        rows = [(folder / name / "dataset.jsonl").read_bytes() for name in (out, "whole")]
        assert rows[0] == rows[1]
    shutil.rmtree(info)  # other commands in this folder would look for more such distributions
