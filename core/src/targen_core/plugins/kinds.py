"""The table of kinds: what plugins may bring, from which everything else follows.

The core has the rows below; a plugin adds rows by the hook `register_kinds`. A row contains names
and does not import: the type of a kind, its facts and its suite are imported when they are needed.
The core's rows contain what the core needs; `cli.kinds` adds how the command shows them.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from targen_core.errors import PluginError
from targen_core.plugins.register import FILE, MEMORY, OURS, RegistrationRefused
from targen_core.text import with_article

_LAZY = re.compile(r"(?<![\w.])[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
_FORMS = {
    "name": re.compile(r"[a-z][a-z0-9-]*"),
    "hook": re.compile(r"register_[a-z0-9_]+"),
    "listing": re.compile(r"(?:list-[a-z0-9-]+)?"),
    "template": re.compile(r"(?:(?<![\w.])[A-Za-z_][\w.]*:[\w./-]+)?"),
    **dict.fromkeys(
        ("type", "spec", "facts", "prints", "suite"), re.compile(f"(?:{_LAZY.pattern})?")
    ),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of part that plugins register.

    Attributes:
        name: the kind's name in the singular, such as "metric".
        hook: the hook that registers the kind's objects, such as "register_metrics".
        listing: the command that lists these objects, such as "list-metrics"; "" for none.
        type: the type of these objects, as "module:NAME"; "" for any callable.
        described: a description of that type for errors; "" for "a module.NAME".
        awaited: for callables, whether an async function is allowed.
        fresh: whether each use gets its own object: the registered object creates one, without
            arguments or, if it is `Configurable`, from its options.
        lists: what the listing command does, as one sentence for its help.
        spec: the function whose signature and docstring document the hook, as "module:NAME".
        facts: returns what `targen describe` shows for an object, as "module:function": it takes a
            `targen_core.cli.facts.Described` and returns a mapping of JSON values.
        prints: prints these facts, as "module:function"; by default they are printed unchanged.
        flags: options of `targen describe` that apply to the kind: "options", "prompts",
            "variants".
        use: how the kind's objects are used, for `targen describe`; "{name}" is replaced by the
            name and "{id}" by the full id.
        suite: the kind's conformance suite, as "module:CLASS", for `targen plugins check`.
        template: a folder in a package, as "package:folder", that `targen new` renders.
        requires: requirements, in addition to the core, of a distribution created from the
            template.
        tries: commands to try after `targen new`; "{name}" is replaced by the name.
        reserved: first words of names that no other distribution may register.
        owner: the distribution that registered the kind; set by the loader.
    """

    name: str
    hook: str
    listing: str = ""
    type: str = ""
    described: str = ""
    awaited: bool = True
    fresh: bool = False
    lists: str = ""
    spec: str = ""
    facts: str = ""
    prints: str = ""
    flags: tuple[str, ...] = ()
    use: str = ""
    suite: str = ""
    template: str = ""
    requires: tuple[str, ...] = ()
    tries: tuple[str, ...] = ()
    reserved: tuple[str, ...] = ()
    owner: str = "targen-core"

    @property
    def plural(self) -> str:
        """Its name in the plural, which the hook has."""
        return self.hook.removeprefix("register_").replace("_", " ")

    @property
    def specification(self) -> str:
        """The function that documents the hook, as "module:NAME"."""
        return self.spec or f"targen_core.plugins.hookspecs:{self.hook}"

    def mismatch(self, target: object) -> str:
        """Return what an object should be, if it is something else; otherwise "".

        Raises:
            PluginError: the type cannot be imported.
        """
        if not self.type:
            if inspect.iscoroutinefunction(target) and not self.awaited:
                return "an ordinary function: it would never be awaited"
            return "" if callable(target) else self.described or "a callable"
        described = self.described or f"a {self.type.replace(':', '.')}"
        return "" if isinstance(target, self.resolve("type")) else described

    def resolve(self, attribute: str) -> Any:
        """Return the object that an attribute such as "type" or "suite" refers to, or None.

        Raises:
            PluginError: it cannot be imported.
        """
        target = getattr(self, attribute)
        if not target:
            return None
        try:
            return looked_up(target)
        except Exception as error:
            raise PluginError(
                f"kind {self.name!r}: its {attribute}, {target}, cannot be imported: "
                f"{type(error).__name__}: {error}",
                check="bad-kind",
                distribution=self.owner,
                hint=f"report it to the authors of {self.owner}",
            ) from error


def looked_up(target: str) -> Any:
    """Return the object that `module:NAME` refers to."""
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)


class KindRegister:
    """Collects the kinds that one plugin registers."""

    def __init__(self, *, distribution: str, known: Mapping[str, Kind]) -> None:
        self._distribution = distribution
        self._known = known
        self._kinds: dict[str, Kind] = {}

    def register(self, kind: Kind) -> None:
        """Register a kind.

        Raises:
            ValueError: a field is malformed, or another kind has the name, the hook or the
                listing command.
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
        for text in (kind.use, *kind.tries):
            try:
                text.format(name="", id="")
            except (LookupError, ValueError) as error:
                problem = f"kind {kind.name!r}: {text!r} may contain only {{name}} and {{id}}"
                raise RegistrationRefused("bad-kind", problem) from error
        for other in (*self._known.values(), *self._kinds.values()):
            for name in ("name", "hook", "listing"):
                value = getattr(kind, name)
                if value and value == getattr(other, name):
                    taken = (
                        f"kind {kind.name!r}: the {name} {value!r} already belongs to the kind "
                        f"{other.name!r} of {other.owner or self._distribution}"
                    )
                    if other.owner in (*OURS, self._distribution):
                        raise RegistrationRefused("duplicate-kind", taken)
                    raise RegistrationRefused(
                        "duplicate-kind",
                        f"{taken}, which comes first by its name",
                        hint=f"use {other.owner} or {self._distribution}: uninstall the other, or "
                        "name it in TARGEN_DISABLE_PLUGINS",
                    )
        self._kinds[kind.name] = replace(kind, owner=self._distribution)

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._kinds.values())


def _kind(name: str, hook: str = "", **more: Any) -> Kind:
    """A kind of the core with a listing command; `targen_core.cli.kinds` has what else is shown."""
    hook = hook or f"register_{name}s"
    listing = f"list-{hook.removeprefix('register_').replace('_', '-')}"
    return Kind(name, hook, **{"listing": listing, **more})


KINDS = {
    kind.name: kind
    for kind in (
        _kind("task", type="targen_core:Task"),
        _kind("contexts", "register_contexts", type="targen_core.tasks.steps:ListStep"),
        _kind("seeds", "register_seeds", type="targen_core.tasks.steps:ListStep"),
        _kind("generator", "register_inverse_generators", listing="list-generators"),
        _kind("corrector"),
        _kind("check", awaited=False),
        _kind("filter", type="targen_core.engine.filters:Filter", fresh=True),
        _kind("backend", type="targen_core:Backend"),
        _kind(
            "adapter",
            listing="",
            type="targen_core.plugins.adapters:Adapter",
            reserved=(FILE, MEMORY),
        ),
        _kind("delivery", "register_deliveries", type="targen_core.calls.delivery:Delivery"),
        _kind(
            "reader",
            "register_task_readers",
            listing="",
            type="targen_core.task_files:TaskReader",
        ),
        Kind(
            "dataset-reader",
            "register_dataset_readers",
            type="targen_core.dataset.source:DatasetReader",
        ),
        _kind("executor", type="targen_core.calls.executors:ModelExecutor"),
        Kind("reporter", "register_reporters", type="targen_core.runs.folder.reporters:Reporter"),
    )
}
"""The core's kinds by name, in the order of every listing."""

FINDER = "targen_core.task_files:registration"
"""The function that registers the task of a file, without a plugin."""

OPENER = "targen_core.task_files:packaged_task"
"""The function that makes the task of a declaration in a package, whatever its registered name."""
