"""`targen plugins check`: a plugin's folder, tested without being installed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

FROZEN = Path(__file__).parent / "frozen_v1"


@pytest.fixture
def frozen(tmp_path, request):
    """A copy of the frozen plugin, to change, with one of its parts: by default its exporter."""
    copy = Path(shutil.copytree(FROZEN, tmp_path / "frozen"))
    hooks = copy / "src" / "frozen_v1_plugin" / "__init__.py"
    head, *parts = hooks.read_text().split("@hookimpl\n")
    kept = getattr(request, "param", "exporters")
    (part,) = (part for part in parts if f"register_{kept}(" in part)
    hooks.write_text(f"{head}@hookimpl\n{part}")
    shutil.rmtree(copy / "tests")
    (copy / "tests").mkdir()
    return copy


def rewrite(file: Path, before: str, after: str) -> None:
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))


def test_the_frozen_plugin_still_works(targen):
    """What was written for level 1 when it was new passes all that is asked today."""
    done = targen("plugins", "check", str(FROZEN), "--json", whole=True)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert (report["distribution"], report["version"]) == ("frozen-v1", "1.0")
    passed = {c["about"] for c in report["checks"] if c["outcome"] == "passed"}
    suites = {"task letters", "corrector polite", "backend parrot", "exporter post"}
    suites |= {about for about in passed if about.split()[0] in ("contexts", "seeds", "generator")}
    assert len(suites) == 7
    assert passed == {"distribution", "loading", *suites}
    assert {c["problem"] for c in report["checks"] if c["outcome"] == "skipped"} == {
        "does not declare a wire format",
    }


def test_a_failing_check_is_named_with_what_to_do(targen, frozen):
    rewrite(frozen / "pyproject.toml", '["targen-core>=0.1,<2"]', '["targen-core", "targen"]')
    rewrite(frozen / "src" / "frozen_v1_plugin" / "parts.py", "def _write(", "async def _write(")
    done = targen("plugins", "check", str(frozen))
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0] == f"frozen-v1 1.0  {frozen}"
    for line_start in (
        "    bare-targen-dependency: pyproject.toml: it depends on `targen`, which is not the core",
        "    core-version-pin: pyproject.toml: `targen-core` needs both a lower and an upper bound",
        "    writes: exporter post: ",
    ):
        assert any(line.startswith(line_start) for line in lines), line_start
    assert sum(line.startswith("      try: ") for line in lines) == 2
    assert any(line.startswith("      required: It writes a non-empty file") for line in lines)
    assert "Traceback" not in done.stdout + done.stderr


def test_wrong_options_are_no_requirement_of_one_check(targen, tmp_path):
    assert targen("new", "filter", "my-calm", "--out", str(tmp_path / "calm")).returncode == 0
    rewrite(tmp_path / "calm/tests/test_filter.py", "words=2", "wrods=2")
    done = targen("plugins", "check", str(tmp_path / "calm"))
    assert (done.returncode, "wrods" in done.stdout) == (1, True), done.stdout
    assert "      also: " in done.stdout
    assert "required: " not in done.stdout


def test_a_filter_of_digits_sees_rows_that_pass(targen, tmp_path):
    assert targen("new", "filter", "my-calm", "--out", str(tmp_path / "calm")).returncode == 0
    rewrite(
        tmp_path / "calm/src/my_calm/filter.py",
        "self._rows[opening] < self._options.most",
        "not any(map(str.isdigit, candidate.written))",
    )
    done = targen("plugins", "check", str(tmp_path / "calm"))
    assert (done.returncode, "skipped" in done.stdout) == (0, False), done.stdout


@pytest.mark.parametrize("frozen", ["tasks"], indirect=True)
def test_an_overridden_check_is_not_hidden(targen, frozen):
    """The author's suites are run as they are; what they skip is told."""
    (frozen / "tests" / "test_frozen.py").write_text(
        "import pytest\n"
        "from targen_testing import TaskSuite as Tasks\n"
        "class TestLetters(Tasks):\n"
        "    task = 'letters'\n"
        "    @pytest.fixture(autouse=True)\n"
        "    def _later(self, request):\n"
        "        if 'reasons' in request.node.name:\n"
        "            pytest.skip('later')\n"
        "    def test_has_checks(self): ...\n"
        "    test_uses_no_chance = None\n"
    )
    done = targen("plugins", "check", str(frozen))
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert "    skipped: task letters (later): reasons-are-slugs" in lines
    assert "    skipped: task letters (overridden): has-checks, uses-no-chance" in lines


def test_a_suite_that_names_nothing_is_named_and_the_others_run(targen, frozen):
    (frozen / "tests" / "test_frozen.py").write_text(
        "from targen_testing import ExporterSuite as Exporters\n"
        "from targen_training.testing import TrainerSuite as Trainers\n"
        "class TestPost(Exporters):\n"
        "    exporter = 'post'\n"
        "class TestNothing(Trainers):\n"
        "    min_accuracy = 0.5\n"
    )
    done = targen("plugins", "check", str(frozen))
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    (line,) = [line for line in lines if "suite-without-a-name" in line]
    assert line.endswith('TestNothing does not say which trainer it checks: add trainer = "NAME"')
    assert any(line.startswith("    passed: ") for line in lines)
    assert sum(line.startswith("      try: ") for line in lines) == 1


def test_a_plugin_with_tests_that_do_not_collect(targen, frozen):
    (frozen / "tests" / "test_frozen.py").write_text("import no_such_package\n")
    done = targen("plugins", "check", str(frozen), "--json")
    assert done.returncode == 1
    failed = {c["check"]: c for c in json.loads(done.stdout)["checks"] if c["outcome"] == "failed"}
    said = failed["tests-not-collected"]["problem"]
    assert said == "tests/test_frozen.py: ModuleNotFoundError: No module named 'no_such_package'"


def test_what_other_plugins_of_pytest_say_of_their_own_settings_fails_nothing(
    targen, frozen, install
):
    """As pytest-asyncio does where its fixtures' loop scope is unset."""
    module = """
        import warnings
        import pytest

        def pytest_configure():
            warnings.warn(pytest.PytestDeprecationWarning("my_scope is unset"))
        """
    site = install("fussy", "", {"fussy": module})
    (frozen / "tests" / "test_none.py").touch()
    with (frozen / "pyproject.toml").open("a") as file:
        file.write('\n[tool.pytest.ini_options]\nfilterwarnings = ["error"]\n')
    done = targen("plugins", "check", str(frozen), path=[site], PYTEST_PLUGINS="fussy")
    assert done.returncode == 0, done.stdout


def test_a_wheel_that_does_not_build(targen, frozen):
    rewrite(frozen / "pyproject.toml", 'version = "1.0"', 'version = "no version"')
    done = targen("plugins", "check", str(frozen))
    assert done.returncode == 1
    assert "    wheel-not-built: wheel: hatchling.build fails: " in done.stdout
    assert "      try: run python -m build" in done.stdout


def test_without_the_kit_it_says_what_is_missing(targen):
    off = {"TARGEN_DISABLE_PLUGINS": "targen-testing"}
    done = targen("plugins", "check", str(FROZEN), whole=True, **off)
    assert done.returncode == 1
    assert "plugins check needs the distribution targen-testing, which is not loaded" in done.stderr
    assert "disabled by TARGEN_DISABLE_PLUGINS: targen-testing" in done.stderr


BAD_STEPS = """
import random

from targen_core import ListStep, Rejected, hookimpl

async def any_town(llm, parent, existing):
    return [f"town {random.random()}" for _ in range(llm.batch)]

async def plain(llm, seed, /):
    return {"text": "a row", "label": llm.branch}

async def short(llm, parent, existing):
    return [{}["no such key"]]

@hookimpl
def register_contexts(register):
    register.register("towns", ListStep(item=str, propose=any_town, batch=3), summary="Towns")

@hookimpl
def register_seeds(register):
    register.register("short", ListStep(item=str, propose=short, batch=3), summary="Short")

@hookimpl
def register_inverse_generators(register):
    register.register("plain", plain)
"""


def test_bad_lists_and_generators_are_found(targen, author):
    folder = author("badsteps", {"src/badsteps/__init__.py": BAD_STEPS})
    done = targen("plugins", "check", str(folder), "--json", path=[folder / "src"])
    failed = {
        (check["about"], check["check"]): check["problem"]
        for check in json.loads(done.stdout)["checks"]
        if check["outcome"] == "failed" and " " in check["about"]
    }
    assert "random.random" in failed["contexts towns", "uses-no-chance-and-no-clock"]
    assert "KeyError" in failed["seeds short", "makes-rows"]
    assert "returned dict, not Review" in failed["generator plain", "makes-rows"]


def test_an_extra_that_is_not_installed_is_named_once(targen, frozen):
    """An exporter whose package is missing is not checked; strictly, that is a failure."""
    parts = frozen / "src" / "frozen_v1_plugin" / "parts.py"
    rewrite(
        parts,
        "def _write(dataset",
        "def _write(dataset, out):\n    import no_such\n\n\ndef _(dataset",
    )
    rewrite(parts, "Exporter(", "Exporter(extra='sheets', ")
    checked = ("plugins", "check", str(frozen))
    done = targen(*checked)
    assert done.returncode == 0, done.stdout + done.stderr
    (said,) = (line for line in done.stdout.splitlines() if "frozen-v1[sheets]" in line)
    assert "skipped: exporter post (not checked: pip install 'frozen-v1[sheets]'): " in said
    assert "writes" in said
    assert targen(*checked, "--strict").returncode == 1
    rewrite(parts, "extra='sheets', ", "")  # a package that nobody can be told to install
    assert targen(*checked).returncode == 1
