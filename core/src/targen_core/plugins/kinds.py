"""The table of kinds: what plugins may bring, from which everything else follows.

The core has the rows below; a plugin adds rows by the hook `register_kinds`. A row contains names
and does not import: the type of a kind, its suite and its home are imported when they are needed.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import importlib_metadata

from targen_core.errors import PluginError
from targen_core.plugins.register import FILE, MEMORY, OURS, RegistrationRefused
from targen_core.text import with_article

_LAZY = r"(?<![\w.])[A-Za-z_][\w.]*:[A-Za-z_][\w.]*"
_FORMS = {
    "name": re.compile(r"[a-z][a-z0-9-]*"),
    "hook": re.compile(r"register_[a-z0-9_]+"),
    "listing": re.compile(r"(?:list-[a-z0-9-]+)?"),
    "type": re.compile(f"(?:function|{_LAZY})?"),
    "suite": re.compile(f"(?:{_LAZY})?"),
    "home": re.compile(r"(?:[A-Za-z_][\w.]*)?"),
}
_CORE_VIEW = "targen_core.cli.commands.describe_parts"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of part that plugins register.

    Attributes:
        name: the kind's name in the singular, such as "metric".
        hook: the hook that registers the kind's objects, such as "register_metrics".
        type: the type of these objects, as "module:NAME"; "function" for a callable that is not
            async, and "" for any callable. If the type has `per_run = True`, each run makes an
            object of its own of the class that is registered.
        listing: the command that lists these objects, such as "list-metrics"; "" for none.
        suite: the kind's conformance suite, as "module:CLASS", for `targen plugins check`.
        home: the module that documents the kind. It specifies the hook by a function of its name.
            `metric_facts(part)` in it, if any, takes a `targen_core.cli.facts.Described` and
            returns JSON values for `targen describe`. `print_metric(facts)` prints them. `USE` maps
            kinds to how their objects are used, such as `"targen analyze DATASET --metric {name}"`.
            `targen new metric` renders the folder `templates/metric` of its package.
    """

    name: str
    hook: str
    type: str = ""
    listing: str = ""
    suite: str = ""
    home: str = ""

    @property
    def plural(self) -> str:
        """Its name in the plural, which the hook has."""
        return self.hook.removeprefix("register_").replace("_", " ")

    @property
    def specification(self) -> str:
        """The function that documents the hook, as "module:NAME"."""
        return f"{self.home or 'targen_core.plugins.hookspecs'}:{self.hook}"

    @property
    def template(self) -> str:
        """The folder that `targen new` renders, as "package:folder", whether it exists or not."""
        package = self.home.rpartition(".")[0] or self.home or "targen_core.cli"
        return f"{package}:templates/{self.name}"

    @property
    def per_run(self) -> bool:
        """Return whether each run makes an object of its own.

        Raises:
            PluginError: the type cannot be imported.
        """
        return getattr(self.resolve("type"), "per_run", False)

    def view(self, name: str) -> Any:
        """Return what the kind's home has of that name, such as "print_metric", or None.

        Raises:
            PluginError: the home cannot be imported.
        """
        module = self.home or _CORE_VIEW
        try:
            return getattr(importlib.import_module(module), name, None)
        except Exception as error:
            raise self._not_imported(module, error) from error

    def mismatch(self, target: object) -> str:
        """Return what an object should be, if it is something else; otherwise "".

        Raises:
            PluginError: the type cannot be imported.
        """
        if of := self.resolve("type"):
            return "" if isinstance(target, of) else f"a {self.type.replace(':', '.')}"
        if self.type and inspect.iscoroutinefunction(target):
            return "an ordinary function: it would never be awaited"
        return "" if callable(target) else "a callable"

    def resolve(self, attribute: Literal["type", "suite"]) -> Any:
        """Return the object that the kind's type or suite refers to, or None.

        Raises:
            PluginError: it cannot be imported.
        """
        target = getattr(self, attribute)
        if ":" not in target:
            return None
        try:
            return looked_up(target)
        except Exception as error:
            raise self._not_imported(target, error) from error

    def _not_imported(self, target: str, error: Exception) -> PluginError:
        return PluginError(
            f"kind {self.name!r}: {target} cannot be imported: {type(error).__name__}: {error}",
            check="bad-kind",
            distribution=(owner := provider(target)),
            hint=f"report it to the authors of {owner}",
        )


def provider(target: str) -> str:
    """Return the distribution of a module, or the module's first name if none is known."""
    top = re.split("[.:]", target)[0]
    known = importlib_metadata.packages_distributions().get(top, ())
    return next(iter(known), top.replace("_", "-"))


def looked_up(target: str) -> Any:
    """Return the object that `module:NAME` refers to."""
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)


class KindRegister:
    """Collects the kinds that one plugin registers."""

    def __init__(
        self, *, distribution: str, known: Mapping[str, Kind], owners: Mapping[str, str]
    ) -> None:
        self._distribution = distribution
        self._known = known
        self._owners = owners
        self._kinds: dict[str, Kind] = {}
        self.reserved: dict[str, tuple[str, ...]] = {}
        self.taken: dict[str, str] = {}

    def __call__(self, kind: Kind, *, reserved: Sequence[str] = ()) -> None:
        """Register a kind, and names that no other distribution may register objects by.

        If another distribution already has a kind with the name, the hook or the listing command,
        this one is left out, and `targen plugins` says so.

        Raises:
            ValueError: a field is malformed, or targen or the plugin itself has such a kind.
        """
        if not isinstance(kind, Kind):
            raise RegistrationRefused(
                "bad-kind",
                f"a kind must be a Kind, not {with_article(type(kind).__name__)}",
            )
        for name, form in _FORMS.items():
            value = getattr(kind, name)
            if not isinstance(value, str) or not form.fullmatch(value):
                problem = f"kind {kind.name!r}: {name} is {value!r}, which is malformed"
                raise RegistrationRefused("bad-kind", problem)
        for other in (*self._known.values(), *self._kinds.values()):
            for name in ("name", "hook", "listing"):
                value = getattr(kind, name)
                if value and value == getattr(other, name):
                    owner = self._owners.get(other.name, self._distribution)
                    if owner in (*OURS, self._distribution):
                        raise RegistrationRefused(
                            "duplicate-kind",
                            f"kind {kind.name!r}: the {name} {value!r} already belongs to the kind "
                            f"{other.name!r} of {owner}",
                        )
                    self.taken[kind.hook] = owner
                    return
        self._kinds[kind.name] = kind
        self.reserved[kind.name] = tuple(reserved)

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._kinds.values())


_ADAPTER = "targen_core.plugins.adapters:Adapter"
_LIST = "targen_core.tasks.steps:ListStep"
_FILTER = "targen_core.engine.filters:Filter"
_DELIVERY = "targen_core.calls.delivery:Delivery"
_EXECUTOR = "targen_core.calls.delivery:ModelExecutor"
_READER = "targen_core.task_files:TaskReader"
_DATASETS = "targen_core.dataset.source:DatasetReader"
KINDS = {
    name: Kind(
        name,
        f"register_{hook}",
        of,
        listing and f"list-{listing}",
        suite and f"targen_testing.{suite}",
    )
    for name, hook, of, listing, suite in (
        ("task", "tasks", "targen_core:Task", "tasks", "tasks:TaskSuite"),
        ("contexts", "contexts", _LIST, "contexts", "steps:ContextsSuite"),
        ("seeds", "seeds", _LIST, "seeds", "steps:SeedsSuite"),
        ("generator", "inverse_generators", "", "generators", "steps:GeneratorSuite"),
        ("corrector", "correctors", "", "correctors", "correctors:CorrectorSuite"),
        ("check", "checks", "function", "checks", "steps:CheckSuite"),
        ("filter", "filters", _FILTER, "filters", "steps:FilterSuite"),
        ("backend", "backends", "targen_core:Backend", "backends", "backends:BackendSuite"),
        ("adapter", "adapters", _ADAPTER, "", "adapters:AdapterSuite"),
        ("delivery", "deliveries", _DELIVERY, "deliveries", "deliveries:DeliverySuite"),
        ("reader", "task_readers", _READER, "", "readers:ReaderSuite"),
        ("dataset-reader", "dataset_readers", _DATASETS, "", "dataset_readers:DatasetReaderSuite"),
        ("executor", "executors", _EXECUTOR, "executors", "executors:ExecutorSuite"),
        ("reporter", "reporters", "targen_core.runs.reporters:Reporter", "", ""),
    )
}
"""The core's kinds by name, in the order of every listing."""

RESERVED = {"adapter": (FILE, MEMORY)}
"""Names, by kind, that no plugin may register: others are reserved by the kind's owner."""

FINDER = "targen_core.task_files:registration"
"""The function that registers the task of a file, without a plugin."""

OPENER = "targen_core.task_files:packaged_task"
"""The function that makes the task of a declaration in a package, whatever its registered name."""
