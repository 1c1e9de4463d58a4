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


@pytest.fixture
def checked(targen):
    """Check a folder, which ends with this code; return what it prints, of --json as a value."""

    def check(folder, *options, code=0, **more):
        done = targen("plugins", "check", str(folder), *options, **more)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        return json.loads(done.stdout) if options == ("--json",) else done.stdout

    return check


def test_the_frozen_plugin_still_works(checked):
    """What was written for level 1 when it was new passes all that is asked today."""
    report = checked(FROZEN, "--json", whole=True)
    assert (report["distribution"], report["version"]) == ("frozen-v1", "1.0")
    checks = report["checks"]
    passed = {check["about"] for check in checks if check["outcome"] == "passed"}
    suites = {"task letters", "corrector polite", "backend parrot", "exporter post"}
    suites |= {about for about in passed if about.split()[0] in ("contexts", "seeds", "generator")}
    assert len(suites) == 7
    assert passed == {"distribution", "loading", *suites}
    skipped = {check["problem"] for check in checks if check["outcome"] == "skipped"}
    assert skipped == {"does not declare a wire format"}


def test_a_failing_check_is_named_with_what_to_do(checked, frozen):
    rewrite(frozen / "pyproject.toml", '["targen-core>=0.1,<2"]', '["targen-core", "targen"]')
    rewrite(frozen / "src" / "frozen_v1_plugin" / "parts.py", "def _write(", "async def _write(")
    first, *lines = checked(frozen, code=1).splitlines()
    assert first == f"frozen-v1 1.0  {frozen}"
    for start in (
        "    bare-targen-dependency: pyproject.toml: it depends on `targen`, which is not the core",
        "    core-version-pin: pyproject.toml: `targen-core` needs both a lower and an upper bound",
        "    writes: exporter post: ",
        "      required: It writes a non-empty file",
    ):
        assert any(line.startswith(start) for line in lines), start
    assert sum(line.startswith("      try: ") for line in lines) == 2


def test_what_did_not_run_is_told(checked, frozen):
    hooks = frozen / "src" / "frozen_v1_plugin" / "__init__.py"
    rewrite(hooks, "def register_exporters(", "def register_exporter(")
    said = checked(frozen, code=1)
    assert "    unknown-hook: entry point frozen: unknown hook 'register_exporter'; did" in said
    why = "not run, since the plugin does not load"
    assert f"    skipped: frozen-v1 ({why}): the conformance suites\n" in said


@pytest.mark.parametrize("name", ["frozen", "frozen-v1"])
def test_a_disabled_plugin_is_not_checked(checked, frozen, name):
    said = checked(frozen, TARGEN_DISABLE_PLUGINS=name)
    reason = "not checked: named in TARGEN_DISABLE_PLUGINS"
    assert f"    skipped: entry point frozen ({reason}): disabled\n" in said
    checked(frozen, "--strict", TARGEN_DISABLE_PLUGINS=name, code=1)


@pytest.fixture
def calm(targen, tmp_path):
    """A filter of `targen new`."""
    assert targen("new", "filter", "my-calm", "--out", str(tmp_path / "calm")).returncode == 0
    return tmp_path / "calm"


def test_wrong_options_are_no_requirement_of_one_check(checked, calm):
    rewrite(calm / "tests/test_filter.py", "words=2", "wrods=2")
    shown = checked(calm, code=1)
    assert "wrods" in shown and "      also: " in shown
    assert "required: " not in shown


@pytest.mark.parametrize("frozen", ["tasks"], indirect=True)
def test_an_overridden_check_is_not_hidden(checked, frozen):
    """The author's suites are run as they are; what they skip is told."""
    (frozen / "tests" / "test_frozen.py").write_text(
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
    lines = checked(frozen).splitlines()
    assert "    skipped: task letters (later): reasons-are-slugs" in lines
    assert (
        "    skipped: task letters (overridden): has-checks, uses-no-chance-and-no-clock" in lines
    )


def test_a_suite_that_names_nothing_is_named_and_the_others_run(checked, frozen):
    (frozen / "tests" / "test_frozen.py").write_text(
        "from targen_testing.exporters import ExporterSuite as Exporters\n"
        "from targen_training.testing.suite import TrainerSuite as Trainers\n"
        "class TestPost(Exporters):\n"
        "    exporter = 'post'\n"
        "class TestNothing(Trainers):\n"
        "    min_accuracy = 0.5\n"
    )
    lines = checked(frozen, code=1).splitlines()
    (line,) = [line for line in lines if "suite-without-a-name" in line]
    assert line.endswith('TestNothing does not say which trainer it checks: add trainer = "NAME"')
    assert any(line.startswith("    passed: ") for line in lines)
    assert sum(line.startswith("      try: ") for line in lines) == 1


def test_a_plugin_with_tests_that_do_not_collect(checked, frozen):
    (frozen / "tests" / "test_frozen.py").write_text("import no_such_package\n")
    checks = {check["check"]: check for check in checked(frozen, "--json", code=1)["checks"]}
    said = checks["tests-not-collected"]["problem"]
    assert said == "tests/test_frozen.py: ModuleNotFoundError: No module named 'no_such_package'"


BAD_STEPS = """
import random

from targen_core.tasks.steps import ListStep
from targen_core import Rejected, hookimpl

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


def test_bad_lists_and_generators_are_found(checked, author):
    folder = author("badsteps", {"src/badsteps/__init__.py": BAD_STEPS})
    failed = {
        (check["about"], check["check"]): check["problem"]
        for check in checked(folder, "--json", code=1, path=[folder / "src"])["checks"]
        if check["outcome"] == "failed" and " " in check["about"]
    }
    assert "random.random" in failed["contexts towns", "uses-no-chance-and-no-clock"]
    assert "KeyError" in failed["seeds short", "makes-rows"]
    assert "returned dict, not Review" in failed["generator plain", "makes-rows"]


FOR_PAIRS = """
from targen_core.errors import UsageError
from targen_core import hookimpl

class Pair:
    async def __call__(self, llm, seed, /):
        return llm.task.instance(premise=seed.premise, hypothesis="It was sold.", label=llm.branch)

    def check_task(self, task):
        if "premise" not in task.instance.model_fields:
            raise UsageError(f"rows of {task.name} have no premise")

@hookimpl
def register_inverse_generators(register):
    register.register("pair", Pair())
"""


def test_a_generator_that_is_not_for_the_kit_s_task_is_not_tried_in_it(checked, author):
    folder = author("forpairs", {"src/forpairs/__init__.py": FOR_PAIRS})
    said = checked(folder, path=[folder / "src"])
    assert (
        "skipped: generator pair (it refuses the task sample: rows of sample have no premise; "
        in (said)
    )
    assert "write a GeneratorSuite, and set `task` to one that it suits)" in said


def test_an_extra_that_is_not_installed_is_named_once(checked, frozen):
    """An exporter whose package is missing is not checked; strictly, that is a failure."""
    parts = frozen / "src" / "frozen_v1_plugin" / "parts.py"
    missing = "def _write(dataset, out):\n    import no_such\n\n\ndef _(dataset"
    rewrite(parts, "def _write(dataset", missing)
    rewrite(parts, "Exporter(", "Exporter(extra='sheets', ")
    lines = checked(frozen).splitlines()
    (said,) = (line for line in lines if "frozen-v1[sheets]" in line)
    assert "skipped: exporter post (not checked: pip install 'frozen-v1[sheets]'): " in said
    assert "writes" in said
    checked(frozen, "--strict", code=1)
    rewrite(parts, "extra='sheets', ", "")  # a package that nobody can be told to install
    checked(frozen, code=1)
