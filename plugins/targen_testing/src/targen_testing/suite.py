"""The common part of the conformance kit's suites.

A suite is a class that authors subclass. Its tests are its *checks*; a check's name is its test's
without `test_`, with dashes. `targen plugins check` lists those that a subclass replaces or skips.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar, Generic, NoReturn, TypeVar

import pytest

from targen_core.errors import MissingDependency, TargenError
from targen_core.plugins.loader import load_registry
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_core.runs.parsing import parse_options
from targen_testing.sample import with_sample

T = TypeVar("T")
PartT = TypeVar("PartT")

_PLUGIN = "targen-conformance"
NOT_CHECKED = "not checked: "
"""The start of a skipped check's problem if it needs an extra that is not installed."""


def fail(message: str) -> NoReturn:
    """Fail a check with words alone: where it stood in the kit helps nobody."""
    pytest.fail(message, pytrace=False)


class Suite:
    """Base of all suites.

    Attributes:
        folder: a plugin's folder under development, which takes the place of
            an installed copy; "" tests what is installed.
    """

    folder: ClassVar[str | Path] = ""
    kind: ClassVar[str]
    """The kind that it checks; the attribute of this name, with `_` for `-`, names the object."""

    @classmethod
    def unnamed(cls) -> str:
        """Return the problem of a suite that does not name its subject, or ""."""
        if isinstance(getattr(cls, cls.setting(), None), str):
            return ""
        return (
            f'{cls.__name__} does not say which {cls.kind} it checks: add {cls.setting()} = "NAME"'
        )

    @classmethod
    def setting(cls) -> str:
        """Return the attribute with the registered name."""
        return cls.kind.replace("-", "_")

    @classmethod
    def defaults(cls, registry: Registry, item: Registration[Any], task: str) -> dict[str, Any]:
        """Return the attributes of a suite that `targen plugins check` makes for an object.

        Args:
            registry: finds the object and everything else.
            item: the object; the suite has its name already.
            task: a task of the same plugin, or one of the kit's own.

        Raises:
            UsageError: its author has to write the suite; it says what is missing.
        """
        return {}

    @pytest.fixture(autouse=True)
    def _is_named(self) -> None:
        if problem := self.unnamed():
            fail(problem)

    def registry(self) -> Registry:
        """The plugins that are installed, and the one in `folder`, read once for the suite."""
        if not self.folder:
            return load_registry()
        from targen_testing.folder import sources_with

        return self.kept("registry", lambda: load_registry(sources_with(Path(self.folder))))

    def kept(self, name: str, make: Callable[[], T]) -> T:
        """Return the result of `make` for this suite, made once for all of its checks."""
        kept: dict[str, Any] = vars(type(self)).get("_kept") or {}
        if name not in kept:
            kept[name] = make()
            type(self)._kept = kept
        value: T = kept[name]
        return value

    _kept: ClassVar[dict[str, Any]] = {}

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Register the kit's pytest plugin, at no cost to test runs without a suite."""
        if not metafunc.config.pluginmanager.has_plugin(_PLUGIN):
            metafunc.config.pluginmanager.register(_ExtraSkipper(), _PLUGIN)


class _ExtraSkipper:
    """Skips a check that failed because an extra of the plugin is not installed."""

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Iterator[None]:
        outcome: Any = yield
        report, suite = outcome.get_result(), suite_of(item)
        raised = None if call.excinfo is None else call.excinfo.value
        needed = _missing_extra(suite, raised) if report.failed and suite is not None else ""
        if needed:
            report.outcome = "skipped"
            report.longrepr = (str(item.path), 0, f"Skipped: {NOT_CHECKED}{needed}")


def _missing_extra(suite: type[Suite], error: BaseException | None) -> str:
    """Return the command that installs the extra whose absence raised `error`, or ""."""
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


def suite_of(item: pytest.Item) -> type[Suite] | None:
    """The suite that a test belongs to, or None."""
    cls = getattr(item, "cls", None)
    return cls if isinstance(cls, type) and issubclass(cls, Suite) else None


def replaced(suite: type[Suite]) -> list[str]:
    """Return the checks of the kit that a suite's author replaced."""
    # A suite of a kit, ours or another distribution's, is the first class that has a kind.
    first = next(at for at, base in enumerate(suite.__mro__) if "kind" in vars(base))
    kit = suite.__mro__[first:]
    checks = {name for base in kit for name in vars(base) if name.startswith("test_")}
    return sorted(
        name for name in checks if any(name in vars(base) for base in suite.__mro__[:first])
    )


class ObjectSuite(Suite, Generic[PartT]):
    """Base of suites of one registered object."""

    def item(self) -> Registration[PartT]:
        """Its registration."""
        return self.registry().find(self.kind, getattr(self, self.setting()))

    def target(self) -> PartT:
        """The object."""
        target: PartT = self.registry().resolve(self.item())
        return target


class Described(ObjectSuite[PartT]):
    """A check that listings have something to show."""

    def test_described(self) -> None:
        """It is registered with a summary, which listings show."""
        summary = self.item().summary.strip() or getattr(self.target(), "summary", "").strip()
        assert summary, "register it with a summary"


class PartSuite(ObjectSuite[PartT]):
    """Base of suites of parts that may have options.

    Attributes:
        options: its options, each `"KEY=VALUE"` as after `-o NAME.`.
    """

    options: ClassVar[tuple[str, ...]] = ()

    @pytest.fixture(autouse=True)
    def _is_made(self, _is_named: None) -> None:
        """Tell once, and not by each check, that it cannot be made with its options."""
        try:
            self.target()
        except TargenError as error:
            fail("; ".join(filter(None, (str(error), str(error.hint)))))

    def everything(self) -> Registry:
        """The plugins, and the kit's own task."""
        return with_sample(self.registry())

    def typed(self) -> dict[str, Any]:
        """Its options, as a spec has them."""
        return {f"{self.item().id}.{key}": value for key, value in self._parsed().items()}

    def target(self) -> PartT:
        """The part, made with its options."""
        made: PartT
        made, _ = self.registry().configured(self.item(), self._parsed())
        return made

    def _parsed(self) -> dict[str, Any]:
        """Its options as `-o` reads them."""
        return parse_options(self.options)
