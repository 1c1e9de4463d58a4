"""No check is switched off silently."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from importlib.util import find_spec
from pathlib import Path

import pytest

from targen_testing import ExporterSuite as Suite

START = """
import pytest
from targen_testing import ExporterSuite as Suite
"""


def run(folder: Path, text: str, *options: str) -> str:
    (folder / "test_it.py").write_text(START + textwrap.dedent(text))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "test_it.py", *options],
        cwd=folder,
        env={**os.environ, "TARGEN_CACHE_DIR": str(folder / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


SWITCHED_OFF = """
class TestLines(Suite):
    exporter = "jsonl"

    def test_writes(self):
        pass

    def write(self, dataset, folder):
        return []

    @pytest.mark.skip(reason="too slow")
    def test_same_bytes_again(self):
        pass

class TestTable(Suite):
    exporter = "csv"
    test_changes_no_row = None

    @pytest.fixture(autouse=True)
    def _lazy(self, request):
        if "nowhere" in request.node.name:
            pytest.skip("not today")
        if "described" in request.node.name:
            request.applymarker(pytest.mark.xfail(reason="some day"))
"""
LINES = [
    "targen conformance: TestLines: overridden: test_same_bytes_again, test_writes, write",
    "targen conformance: TestLines: skipped (too slow): test_same_bytes_again",
    "targen conformance: TestTable: overridden: test_changes_no_row",
    "targen conformance: TestTable: skipped (not today): test_writes_nowhere_else",
    "targen conformance: TestTable: xfailed (some day): test_described",
]


def test_what_is_overridden_skipped_or_xfailed_is_named(tmp_path):
    output = run(tmp_path, SWITCHED_OFF, "-q")
    assert [line for line in output.splitlines() if line.startswith("targen conf")] == LINES


@pytest.mark.skipif(find_spec("xdist") is None, reason="needs pytest-xdist")
def test_it_is_named_by_the_workers_of_xdist_too(tmp_path):
    output = run(tmp_path, SWITCHED_OFF, "-q", "-n", "1")
    assert [line for line in LINES if line not in output] == []


def test_what_is_deselected_is_named(tmp_path):
    text = """
    class TestLines(Suite):
        exporter = "jsonl"
    """
    output = run(tmp_path, text, "-k", "not described and not nowhere")
    line = "targen conformance: TestLines: deselected: test_described, test_writes_nowhere_else"
    assert line in output


def test_a_run_in_which_nothing_is_switched_off_says_nothing(tmp_path):
    text = """
    class TestLines(Suite):
        exporter = "jsonl"
        rows = 2
    """
    output = run(tmp_path, text)
    assert "passed" in output
    assert "targen conformance" not in output


def test_a_run_without_a_suite_never_imports_the_plugin(tmp_path):
    text = """
    import sys

    def test_nothing():
        assert "targen_testing.plugin" not in sys.modules
    """
    (tmp_path / "test_it.py").write_text(textwrap.dedent(text))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_the_hook_that_names_them_is_the_kit_s_own():
    with pytest.raises(TypeError, match="is the conformance kit's own"):
        type("TestMine", (Suite,), {"pytest_generate_tests": None, "__module__": "mine"})
