"""No check is switched off silently."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from targen_testing.exporters import ExporterSuite as Suite

SUITES = """
import pytest
from targen_testing.exporters import ExporterSuite as Suite


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


class TestFew(Suite):
    exporter = "jsonl"


class TestWhole(Suite):
    exporter = "jsonl"
    rows = 2
"""
LINES = [
    "targen conformance: TestFew: deselected: test_described, test_writes_nowhere_else",
    "targen conformance: TestLines: overridden: test_same_bytes_again, test_writes, write",
    "targen conformance: TestLines: skipped (too slow): test_same_bytes_again",
    "targen conformance: TestTable: overridden: test_changes_no_row",
    "targen conformance: TestTable: skipped (not today): test_writes_nowhere_else",
    "targen conformance: TestTable: xfailed (some day): test_described",
]


def run(folder: Path, text: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_it.py").write_text(text)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py", *options],
        cwd=folder,
        env={**os.environ, "TARGEN_CACHE_DIR": str(folder / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "options",
    [
        (),
        pytest.param(
            ("-n", "1"),
            marks=pytest.mark.skipif(find_spec("xdist") is None, reason="needs pytest-xdist"),
        ),
    ],
    ids=["here", "in a worker"],
)
def test_what_is_switched_off_is_named_and_nothing_else(tmp_path, options):
    few = "not (TestFew and (described or nowhere))"
    said = run(tmp_path, SUITES, "-k", few, *options).stdout.splitlines()
    named = [line for line in said if line.startswith("targen conf")]
    assert [line for line in LINES if line not in "\n".join(said)] == []
    assert not any("TestWhole" in line for line in said if "targen conf" in line)
    assert options or sorted(named) == LINES


def test_a_check_that_lacks_an_extra_is_skipped_and_named(tmp_path):
    pytest.importorskip("targen_analysis")
    text = """
from targen_testing.embedders import EmbedderSuite as Suite


class TestMine(Suite):
    embedder = "minilm"

    def test_mine(self):
        import no_such_package
"""
    done = run(tmp_path, text, "-k", "mine")
    named = "skipped (not checked: pip install 'targen-analysis[embeddings,minilm]'): test_mine"
    assert named in done.stdout
    assert done.returncode == 0, done.stdout


def test_the_hook_that_names_them_is_the_kit_s_own():
    with pytest.raises(TypeError, match="the conformance kit defines it"):
        type("TestMine", (Suite,), {"pytest_generate_tests": None, "__module__": "mine"})
