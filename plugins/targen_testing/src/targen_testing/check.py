"""A plugin's folder, loaded and run through the suites in a process of its own.

`targen plugins check` starts `main`: whatever the plugin does at import, or to
this process, ends here. A file gets a JSON list of `Finding`s. The plugin's
own suites, in `tests/`, are run as they are; what they leave out is run with
the defaults.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sys
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from targen_core.cli.commands.plugins import HARMLESS, problems_of
from targen_core.cli.scaffold.names import Names
from targen_core.cli.scaffold.writing import has_template, rendered
from targen_core.errors import PluginError, UsageError
from targen_core.plugins import loader
from targen_core.plugins.kinds import Kind
from targen_core.plugins.loader import load_registry
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_core.text import with_article
from targen_testing.folder import Folder, read_folder, sources_with
from targen_testing.rules import Finding, broken
from targen_testing.sample import with_sample
from targen_testing.suite import NOT_CHECKED, PartSuite, Suite, replaced, suite_of

_HOOK = re.compile(r"^@(?:\w+\.)?hookimpl\b.*\ndef register_\w+", re.MULTILINE)

chosen: dict[str, type[Suite]] = {}
"""The suites that the test file of this process takes up."""


def check(path: Path) -> list[Finding]:
    """Load a plugin's folder, resolve what it registers, and run the suites."""
    folder = read_folder(path)
    sources = sources_with(path)
    loader.installed_sources = lambda: sources  # in this process it is as good as installed
    registry = load_registry()
    loaded = list(_load(folder, registry))
    if any(f.outcome == "failed" and f.check not in HARMLESS for f in loaded):
        why = "not run, since the plugin does not load"
        return [*loaded, Finding("the conformance suites", folder.name, "skipped", why)]
    unmade = {f.about for f in loaded if f.outcome == "skipped"}
    findings, covered = _run_suites(folder, registry, unmade)
    # The option that a part needs is set by the suite of its author.
    left = [f for f in loaded if f.check != "needs-an-option" or f.about not in covered]
    return [*left, *findings]


def _mine(folder: Folder, registry: Registry) -> list[Registration[Any]]:
    return [item for item in registry.everything() if item.distribution == folder.name]


def _load(folder: Folder, registry: Registry) -> Iterator[Finding]:
    """Yield problems of the folder's plugins before their code runs."""
    kinds = registry.kinds
    for plugin in registry.plugins:
        if plugin.distribution != folder.name:
            continue
        for problem in problems_of(registry, plugin):
            item, rule = problem.item, problem.check
            about = f"kind {problem.kind}" if problem.kind else f"entry point {plugin.entry_point}"
            about = f"{item.kind} {item.name}" if item else about
            if plugin.state == "disabled":
                yield Finding("disabled", about, "skipped", f"{NOT_CHECKED}{problem.problem}")
            elif rule in ("missing-kind", "kind-taken"):
                said = f"{problem.problem}, and its objects were not checked; {problem.hint}"
                yield Finding(rule, about, "skipped", said)
            elif rule == "missing-package" and item and "[" in item.install:  # an extra's
                yield Finding(rule, about, "skipped", f"{NOT_CHECKED}{problem.hint}")
            else:
                yield broken(rule, about, problem.problem)
    if all(p.state == "ok" for p in registry.plugins if p.distribution == folder.name):
        for module in _not_loaded(folder, kinds.values()):
            what = "it has hooks, but no entry point loads it, so its parts are not registered"
            yield broken("module-not-loaded", f"module {module}", what)
    for kind in kinds.values():
        if registry.owner_of(kind.name) == folder.name:
            yield from _of_kind(kind)
    for item in _mine(folder, registry):
        try:
            registry.resolve(item)
        except PluginError:
            continue
        except UsageError as error:  # it cannot be made without an option
            yield Finding("needs-an-option", f"{item.kind} {item.name}", "skipped", str(error))


def _not_loaded(folder: Folder, kinds: Iterable[Kind]) -> Iterator[str]:
    """Yield the modules with hooks, in the packages of the entry points, that are not loaded.

    The templates of the kinds are other plugins.
    """
    named = (kind.template.partition(":") for kind in kinds)
    templates = {folder.code.joinpath(*package.split("."), path) for package, _, path in named}
    for package in sorted(
        {each.module.partition(".")[0] for each in folder.sources if each.module}
    ):
        for path in sorted((folder.code / package).rglob("*.py")):
            if not templates.isdisjoint(path.parents):
                continue
            parts = path.relative_to(folder.code).with_suffix("").parts
            module = ".".join(parts).removesuffix(".__init__")
            if module not in sys.modules and _HOOK.search(path.read_text(encoding="utf-8")):
                yield module


def _of_kind(kind: Kind) -> Iterator[Finding]:
    """Yield what is wrong with a kind's suite and template, which only authors need."""
    try:
        suite = kind.resolve("suite")
        if suite is not None and not _is_suite(suite, kind):
            problem = (
                f'its suite, {kind.suite}, is not a subclass of Suite with kind = "{kind.name}"'
            )
            yield broken("bad-kind", f"kind {kind.name}", problem)
    except PluginError as error:
        yield broken("bad-kind", f"kind {kind.name}", str(error))
    if has_template(kind):
        rendered(kind, Names("acme", "acme"))


def _is_suite(named: object, kind: Kind) -> bool:
    return isinstance(named, type) and issubclass(named, Suite) and named.kind == kind.name


def _run_suites(
    folder: Folder, registry: Registry, unmade: Collection[str]
) -> tuple[list[Finding], Collection[str]]:
    """Run the author's suites, and the default ones for what they leave out but `unmade`.

    Return the findings, and what the author's suites are about.
    """
    Suite.folder = folder.path
    findings: list[Finding] = []
    covered: set[str] = set()
    if (folder.path / "tests").is_dir():
        own = folder.path / "pytest.ini"
        config = own if own.exists() else folder.path / "pyproject.toml"
        findings, covered = _pytest(folder.path / "tests", config)
    mine = _mine(folder, registry)
    tasks = [item.id for item in mine if item.kind == "task"]
    left = [item for item in mine if f"{item.kind} {item.name}" not in {*covered, *unmade}]
    for item in left:
        base = registry.kinds[item.kind].resolve("suite")
        why = f"there is no suite for {item.kind}"
        if base is not None:
            try:
                values = base.defaults(registry, item, tasks[0] if tasks else "sample")
                _require_fit(registry, item, base, values)
            except UsageError as error:
                base, why = None, str(error)
        if base is None:
            findings.append(Finding("no-suite", f"{item.kind} {item.name}", "skipped", why))
            continue
        name = f"Test{item.kind.title().replace('-', '')}{len(chosen)}"
        chosen[name] = type(
            name, (base,), {base.setting(): item.id, **values, "__module__": __name__}
        )
    if chosen:
        with tempfile.TemporaryDirectory(prefix="targen-check-") as scratch:
            file = Path(scratch) / "test_by_default.py"
            text = "from targen_testing import check\nglobals().update(check.chosen)\n"
            file.write_text(text, encoding="utf-8")
            config = Path(scratch) / "pytest.ini"
            config.write_text("[pytest]\n", encoding="utf-8")
            # Our suites need no plugin of pytest, and those that are installed take seconds to
            # import; nor do they take what a user asks of such plugins.
            os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
            os.environ.pop("PYTEST_ADDOPTS", None)
            more, _ = _pytest(file, config)
            findings += more
    return findings, covered


def _require_fit(
    registry: Registry, item: Registration[Any], base: type[Suite], values: Mapping[str, Any]
) -> None:
    """Refuse to try a part in a task that it says it is not for.

    Raises:
        UsageError: its author has to name another.
    """
    if "task" not in values or not issubclass(base, PartSuite):
        return
    part, _ = registry.configured(item, {})
    check_task = getattr(part, "check_task", None)
    if check_task is None or not values["task"]:  # a list without a task is in one of the kit's
        return
    try:
        check_task(with_sample(registry).get("task", values["task"]))
    except UsageError as error:
        raise UsageError(
            f"it refuses the task {values['task']}: {error}; write "
            f"{with_article(base.__name__)}, and set `task` to one that it suits"
        ) from error
    except Exception:  # the suite reports it
        return


def _pytest(path: Path, config: Path) -> tuple[list[Finding], set[str]]:
    """Run the suites of a file or folder; the findings, and what they are about.

    `config` is named, so that pytest looks for none in the folders above. Complaints of pytest's
    other plugins, such as pytest-asyncio, about their own settings fail no check.
    """
    options = ["-q", "-p", "no:cacheprovider", "-W", "default::pytest.PytestDeprecationWarning"]
    results = _Results()
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        code = pytest.main(
            [str(path), *options, "-c", str(config)],
            plugins=[results],
        )
    ended = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)
    if code not in ended:
        words = results.problems[:1] or printed.getvalue().strip().splitlines()[-1:]
        results.findings.append(broken("tests-not-collected", path.name, "".join(words)))
    return results.all(), results.covered


class _Results:
    """A pytest plugin: keeps the suites' tests alone, and how each went."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.covered: set[str] = set()
        self.problems: list[str] = []
        self._suites: set[type[Suite]] = set()
        self._tests: dict[str, tuple[str, str, str]] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        kept = []
        for item in items:
            suite = suite_of(item)
            if suite is None:
                continue
            if problem := suite.unnamed():
                self.findings.append(broken("suite-without-a-name", suite.__name__, problem))
                continue
            kept.append(item)
            self._suites.add(suite)
            self.covered.add(_about(suite))
            doc = (getattr(item.obj, "__doc__", "") or "").strip()  # type: ignore[attr-defined]
            must = doc.partition("\n")[0]
            self._tests[item.nodeid] = _check_name(item.name), _about(suite), must
        items[:] = kept

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            last = "".join(str(report.longrepr).strip().splitlines()[-1:])
            self.problems.append(f"{report.nodeid}: {last.removeprefix('E').strip()}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.nodeid not in self._tests or (report.when != "call" and report.passed):
            return
        name, about, must = self._tests[report.nodeid]
        if report.failed:
            crash = getattr(report.longrepr, "reprcrash", None)
            words = crash.message if crash is not None else str(report.longrepr)
            words = words.removeprefix("AssertionError: ").removeprefix("Failed: ")
            words = words.partition("\nassert ")[0].strip()
            # Before its own lines: what no check can run without, not what this one requires.
            hint = "" if report.when == "setup" else must
            self.findings.append(Finding(name, about, "failed", words, hint))
        elif report.skipped:
            words = report.longrepr[2] if isinstance(report.longrepr, tuple) else "xfailed"
            words = words.removeprefix("Skipped: ")
            self.findings.append(Finding(name, about, "skipped", words))
        else:
            self.findings.append(Finding(name, about, "passed"))

    def all(self) -> list[Finding]:
        """Each check once: failed where any of its tests failed, skipped where it was replaced."""
        order = {"failed": 0, "skipped": 1, "passed": 2}
        worst: dict[tuple[str, str], Finding] = {}
        for finding in [*self.findings, *self._switched_off()]:
            key = finding.about, finding.check
            if key not in worst or order[finding.outcome] < order[worst[key].outcome]:
                worst[key] = finding
        return list(worst.values())

    def _switched_off(self) -> Iterator[Finding]:
        """The checks that suites replace or leave out."""
        done = {(finding.about, finding.check) for finding in self.findings}
        for suite in sorted(self._suites, key=lambda suite: suite.__qualname__):
            about = _about(suite)
            for name in replaced(suite):
                yield Finding(_check_name(name), about, "skipped", "overridden")
            for name in dir(suite):
                if name.startswith("test_") and (about, _check_name(name)) not in done:
                    yield Finding(_check_name(name), about, "skipped", "not run")


def _check_name(test: str) -> str:
    """A check's name, from its test's: `test_prompts_fill[x]` is `prompts-fill`."""
    return test.partition("[")[0].removeprefix("test_").replace("_", "-")


def _about(suite: type[Suite]) -> str:
    """Return the subject of a suite: `task tickets`."""
    return f"{suite.kind} {getattr(suite, suite.setting()).rpartition(':')[2]}"


def main() -> None:
    """Check the folder of the first argument; write the findings to the second."""
    findings = check(Path(sys.argv[1]))
    Path(sys.argv[2]).write_text(json.dumps([asdict(f) for f in findings]), encoding="utf-8")
