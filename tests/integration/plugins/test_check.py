"""`targen plugins check`: a plugin's folder, tested without being installed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

POST = """
from targen_core import hookimpl
from targen_standard.exporting.model import Exporter


def _write(dataset, out):
    with open(out, "w", encoding="utf-8") as file:
        for row in dataset.rows:
            file.write(f"{row['idx']}: {row['text']} [{row['label']}]\\n")


POST = Exporter(write=_write, suffix=".txt", summary="letters, one below the other")


@hookimpl
def register_exporters(register):
    register("post", POST, summary="letters, one below the other")
"""
LETTERS = """
from targen_core import hookimpl
from targen_testing.sample import SAMPLE

TASK = SAMPLE.replace(name="letters")


@hookimpl
def register_tasks(register):
    register("letters", "letters:TASK", summary="letters")
"""


@pytest.fixture
def post(author):
    """The folder of a plugin with an exporter."""
    return author("post", {"src/post/__init__.py": POST})


def rewrite(file: Path, before: str, after: str) -> None:
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))


@pytest.fixture
def checked(targen):
    """Check a folder, which ends with this code; return what it prints, of --json as a value."""

    def check(folder, *options, code=0, **more):
        done = targen("plugins", "check", str(folder), *options, **more)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        return json.loads(done.stdout) if options == ("--json",) else done.stdout

    return check


def test_a_failing_check_is_named_with_what_to_do(checked, post):
    rewrite(post / "pyproject.toml", '["targen-core>=0.1,<2"]', '["targen-core", "targen"]')
    rewrite(post / "src/post/__init__.py", "def _write(", "async def _write(")
    first, *lines = checked(post, code=1).splitlines()
    assert first == f"post 1.0  {post}"
    for start in (
        "    bare-targen-dependency: pyproject.toml: it depends on `targen`, which is not the core",
        "    core-version-pin: pyproject.toml: `targen-core` needs both a lower and an upper bound",
        "    writes: exporter post: ",
        "      required: It writes a non-empty file",
    ):
        assert any(line.startswith(start) for line in lines), start
    assert sum(line.startswith("      try: ") for line in lines) == 2


def test_an_overridden_check_is_not_hidden(checked, author):
    """The author's suites are run as they are; what they skip is told."""
    suite = (
        "import pytest\n"
        "from targen_testing.tasks import TaskSuite as Tasks\n"
        "class TestLetters(Tasks):\n"
        "    task = 'letters'\n"
        "    @pytest.fixture(autouse=True)\n"
        "    def _later(self, request):\n"
        "        if 'reasons' in request.node.name:\n"
        "            pytest.skip('later')\n"
        "    def test_has_checks(self): ...\n"
        "    test_uses_no_chance_and_no_clock = None\n"
    )
    files = {"src/letters/__init__.py": LETTERS, "tests/test_own.py": suite}
    lines = checked(author("letters", files)).splitlines()
    assert "    skipped: task letters (later): reasons-are-slugs" in lines
    assert (
        "    skipped: task letters (overridden): has-checks, uses-no-chance-and-no-clock" in lines
    )


def test_a_suite_that_names_nothing_is_named_and_the_others_run(checked, author):
    suites = (
        "from targen_testing.exporters import ExporterSuite as Exporters\n"
        "from targen_training.testing.suite import TrainerSuite as Trainers\n"
        "class TestPost(Exporters):\n"
        "    exporter = 'post'\n"
        "class TestNothing(Trainers):\n"
        "    min_accuracy = 0.5\n"
    )
    files = {"src/post/__init__.py": POST, "tests/test_own.py": suites}
    lines = checked(author("post", files), code=1).splitlines()
    (line,) = [line for line in lines if "suite-without-a-name" in line]
    assert line.endswith('TestNothing does not say which trainer it checks: add trainer = "NAME"')
    assert any(line.startswith("    passed: ") for line in lines)
    assert sum(line.startswith("      try: ") for line in lines) == 1


def test_an_extra_that_is_not_installed_is_named_once(checked, post):
    """An exporter whose package is missing is not checked; strictly, that is a failure."""
    module = post / "src/post/__init__.py"
    missing = "def _write(dataset, out):\n    import no_such\n\n\ndef _(dataset"
    rewrite(module, "def _write(dataset", missing)
    rewrite(module, "Exporter(write", "Exporter(extra='sheets', write")
    lines = checked(post).splitlines()
    (said,) = (line for line in lines if "post[sheets]" in line)
    assert "skipped: exporter post (not checked: pip install 'post[sheets]'): " in said
    assert "writes" in said
    checked(post, "--strict", code=1)
    rewrite(module, "extra='sheets', ", "")  # a package that nobody can be told to install
    checked(post, code=1)
