"""The kit's pytest plugin: names each check that an author switched off, or that lacks an extra.

There is no entry point: a suite registers the plugin when pytest collects it,
so that test runs without a suite never import it. The lines read

    targen conformance: TestTickets: overridden: test_has_checks

In a worker of pytest-xdist, which prints nothing of its own, they are handed
on as warnings.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from targen_core.errors import MissingDependency, TargenError
from targen_testing.rules import NOT_CHECKED
from targen_testing.suite import Suite

_NAME = "targen-conformance"


def check_name(test: str) -> str:
    """A check's name, from its test's: `test_prompts_fill[x]` is `prompts-fill`."""
    return test.partition("[")[0].removeprefix("test_").replace("_", "-")


def suite_of(item: pytest.Item) -> type[Suite] | None:
    """The suite that a test belongs to, or None."""
    cls = getattr(item, "cls", None)
    return cls if isinstance(cls, type) and issubclass(cls, Suite) else None


def watch(config: pytest.Config) -> None:
    """Register the plugin, once for each test run."""
    if not config.pluginmanager.has_plugin(_NAME):
        config.pluginmanager.register(Watcher(config), _NAME)


class Watcher:
    """Collects what was switched off, and says so at the end."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._tests: dict[str, tuple[str, str]] = {}  # node id -> suite, test
        self._off: dict[tuple[str, str, str], dict[str, None]] = {}  # suite, how, why -> tests
        self._seen: set[type[Suite]] = set()
        self._run: set[str] = set()  # suites of which something was run

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Note every check before any is deselected, and what subclasses replace."""
        for item in items:
            suite = suite_of(item)
            if suite is None:
                continue
            self._tests[item.nodeid] = suite.__name__, item.name
            if suite not in self._seen:
                self._seen.add(suite)
                self._note(suite.__name__, "overridden", replaced(suite))

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Iterator[None]:
        """Skip a check that failed because an extra is not installed."""
        outcome: Any = yield
        report, suite = outcome.get_result(), suite_of(item)
        raised = None if call.excinfo is None else call.excinfo.value
        needed = _lacking(suite, raised) if report.failed and suite is not None else ""
        if needed:
            report.outcome = "skipped"
            report.longrepr = (str(item.path), 0, f"Skipped: {NOT_CHECKED}{needed}")

    def pytest_deselected(self, items: Iterable[pytest.Item]) -> None:
        """Note the checks that are left out."""
        for item in items:
            if item.nodeid in self._tests:
                suite, test = self._tests[item.nodeid]
                self._note(suite, "deselected", [test])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the checks that are skipped or expected to fail."""
        if report.nodeid not in self._tests:
            return
        suite, test = self._tests[report.nodeid]
        self._run.add(suite)
        if hasattr(report, "wasxfail"):
            self._note(suite, "xfailed", [test], report.wasxfail)
        elif report.skipped:
            why = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
            self._note(suite, "skipped", [test], why.removeprefix("Skipped: "))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Name them all."""
        for line in self.lines():
            terminalreporter.write_line(line, yellow=True)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Hand the lines on, from a process whose output nobody sees."""
        if not hasattr(self._config, "workerinput"):
            return
        for line in self.lines():
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                warnings.warn(line, pytest.PytestWarning, stacklevel=1)
            self._config.hook.pytest_warning_recorded.call_historic(
                kwargs={
                    "warning_message": caught[0],
                    "nodeid": "",
                    "when": "collect",
                    "location": None,
                }
            )

    def lines(self) -> list[str]:
        """One line for each suite, way of switching off, and reason."""
        lines = []
        for (suite, how, why), tests in sorted(self._off.items()):
            if how == "deselected" and suite not in self._run:
                continue  # the whole of it: somebody runs other tests
            reason = f" ({why})" if why else ""
            lines.append(f"targen conformance: {suite}: {how}{reason}: {', '.join(tests)}")
        return lines

    def _note(self, suite: str, how: str, tests: Iterable[str], why: str = "") -> None:
        for test in tests:
            self._off.setdefault((suite, how, why), {})[test.partition("[")[0]] = None


def _lacking(suite: type[Suite], error: BaseException | None) -> str:
    """Return what to install if a check failed because an extra of the plugin is missing; or ""."""
    while error is not None and not isinstance(error, ModuleNotFoundError | MissingDependency):
        error = error.__cause__ or error.__context__
    if error is None:
        return ""
    registry = suite().registry()
    item = registry.find(suite.kind, getattr(suite, suite.setting()))
    try:
        extra = getattr(registry.resolve(item), "extra", "")
    except TargenError:  # a target that cannot be imported without it
        extra = ""
    needed = item.requirement(extra)
    return f"pip install '{needed}'" if "[" in needed else ""


def replaced(suite: type[Suite]) -> list[str]:
    """Return the parts of the kit that a suite's author replaced."""
    # A kit's suite, of ours or of another distribution, is the first class that says its kind.
    first = next(at for at, base in enumerate(suite.__mro__) if "kind" in vars(base))
    kit = suite.__mro__[first:]
    ours = {name for base in kit if issubclass(base, Suite) for name in vars(base)}
    names = []
    for name in sorted(ours - suite.own):
        if name.startswith("__"):
            continue
        home = next(base for base in suite.__mro__ if name in vars(base))
        if home not in kit:
            names.append(name)
    return names
