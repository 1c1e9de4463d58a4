"""The common part of the conformance kit's suites: sources of plugins, and honesty.

A suite is a class that authors subclass. Its tests are its *checks*; a check's name is its test's
without `test_`, with dashes. Tests that a subclass replaces, deselects, skips or expects to fail
are named in pytest's output: see `targen_testing.plugin`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar, Generic, NoReturn, TypeVar

import pytest

from targen_core.errors import TargenError
from targen_core.plugins.loader import load_registry
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_core.runs.parsing import parse_options
from targen_testing.sample import with_sample

T = TypeVar("T")
PartT = TypeVar("PartT")

_ALIKE = 0.8  # from which on a name is another one misspelt; "text" is no "task"


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
    """The kind that it checks, and with `_` for `-` its attribute with the registered name."""

    own: ClassVar[frozenset[str]] = frozenset({"_kept", "defaults", "folder", "own", "registry"})
    """Attributes that a subclass may set or replace; other replaced ones are named.

    A suite with a `kind` also has its annotated attributes, and those of its bases.
    """

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

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Keep the hook by which pytest hears of the suite, and take no text for a tuple."""
        super().__init_subclass__(**kwargs)
        if isinstance(options := vars(cls).get("options"), str):
            raise TypeError(
                f"{cls.__name__}.options is a string; use a tuple with one string per option: "
                f"({options!r},)"
            )
        if "kind" in vars(cls):  # one of a kit, not an author's
            bases = (base for base in cls.__mro__ if issubclass(base, Suite))
            cls.own |= {name for base in bases for name in inspect.get_annotations(base)} - {"kind"}
        else:
            cls._refuse_misspelt()
        if "pytest_generate_tests" in vars(cls):
            raise TypeError(
                f"remove {cls.__name__}.pytest_generate_tests: the conformance kit defines it"
            )

    @classmethod
    def _refuse_misspelt(cls) -> None:
        """Refuse a setting that no suite has and that is spelt much like one that this has."""
        known = sorted(cls.own - {"_kept", "own", "registry"})
        above = {name for base in cls.__mro__[1:] for name in vars(base)}
        for name, value in vars(cls).items():
            setting = not (name.startswith(("_", "test")) or callable(value))
            new = setting and name not in {*above, *known}
            near = get_close_matches(name, known, 1, _ALIKE) if new else []
            if near and not hasattr(value, "__get__"):  # a fixture or a property is theirs
                raise TypeError(
                    f"{cls.__name__}.{name}: the suite has no such setting; "
                    f"did you mean {' or '.join(near)}?"
                )

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Watch this test's run with the plugin, at no cost to other tests."""
        from targen_testing.plugin import watch

        watch(metafunc.config)


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
