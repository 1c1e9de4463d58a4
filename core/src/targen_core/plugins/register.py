"""`Register`: what a hook gets, and the `Registration`s that it collects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from targen_core.errors import MissingDependency, PluginError, TargenError
from targen_core.hints import install

T = TypeVar("T")

FILE = "file"
"""Takes the place of a distribution in the id of a task in a file."""

MEMORY = "memory"
"""Takes the place of a distribution in the id of an object of the running program."""

OURS = frozenset(
    f"targen-{name}"
    for name in (
        "core standard testing backends tasks-superglue tasks-multirc "
        "outputs analysis training datatune ray review methods"
    ).split()
)
"""targen's own distributions: what a stranger registers takes no name from one of these."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_COMMAND = re.compile(rf"{_NAME.pattern}(?: {_NAME.pattern})?")
_FORMS = {"command": _COMMAND}
_LAZY = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")


class RegistrationRefused(ValueError):
    """A hook breaks a rule, such as to register what cannot be; `check` is the rule's name.

    `hint` says what users can do, if it is not only the fault of the plugin's authors.
    """

    def __init__(self, check: str, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.check = check
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Registration(Generic[T]):
    """One named object of a plugin.

    `target` is the object itself or a lazy `"module:ATTR"`. `install` is the requirement, including
    extras, that provides everything the target imports. `aliases` are other names that find it,
    unless they are registered names themselves. `panel` is the part of `targen --help` that shows a
    command. With `flags`, a filter's options may be given without its name.
    """

    kind: str
    name: str
    target: T | str
    summary: str
    distribution: str
    entry_point: str
    install: str
    aliases: tuple[str, ...] = ()
    panel: str = ""
    flags: bool = False

    @property
    def id(self) -> str:
        """The full id, `distribution:name`."""
        return f"{self.distribution}:{self.name}"

    def fault(self, problem: str, check: str = "") -> PluginError:
        """Return the error that blames its authors; `check` is the broken rule, if any."""
        return PluginError(
            f"{self.kind} {self.id}{problem}",
            check=check,
            distribution=self.distribution,
            hint=f"report it to the authors of {self.distribution}",
        )

    def requirement(self, extra: str = "") -> str:
        """Return what to install for it, with the extra that its target names, if any."""
        return f"{self.distribution}[{extra}]" if extra else self.install

    def missing_dependency(self, package: str, extra: str = "") -> MissingDependency:
        """Return the error to raise if it needs a package that is not installed."""
        return MissingDependency(
            f"{self.kind} {self.id} needs the package {package!r}, which is not installed",
            check="missing-package",
            distribution=self.distribution,
            hint=install(self.requirement(extra)),
        )

    @contextmanager
    def blamed(self, extra: str = "", *passing: type[Exception]) -> Iterator[None]:
        """Raise what its code raises as an error that names it, or the package that it lacks.

        targen's own errors, and those of the types `passing`, are raised as they are.
        """
        try:
            yield
        except ModuleNotFoundError as error:
            raise self.missing_dependency(error.name or str(error), extra) from error
        except (Exception, SystemExit) as error:
            if isinstance(error, (TargenError, *passing)):
                raise
            raise self.fault(f" failed: {type(error).__name__}: {error}") from error


class Register:
    """Collects the objects that one plugin registers under one hook.

    A hook only calls it; objects are imported, built and run on first use.
    """

    def __init__(self, kind: str, *, distribution: str, entry_point: str, install: str) -> None:
        self._kind = kind
        self._distribution = distribution
        self._entry_point = entry_point
        self._install = install
        self._items: dict[str, Registration[Any]] = {}

    def __call__(
        self,
        name: str,
        target: object,
        *,
        summary: str = "",
        aliases: Sequence[str] = (),
        panel: str = "",
        flags: bool = False,
    ) -> None:
        """Register `target` as `name`.

        Args:
            name: lower-case letters, digits, `.`, `_` and `-`. The id becomes `distribution:name`.
                A command may have two words, such as "review report", which people type in this
                way.
            target: the object, or `"package.module:ATTRIBUTE"`, imported when
                it is first used; a task may be `"package:FILE.yaml"`, a
                declaration file in the package.
            summary: one line for the listings.
            aliases: other names that people may look for, such as a service's own. A name takes
                precedence over an alias, except over one of targen's own.
            panel: for a command, the part of `targen --help` that shows it.
            flags: for a filter, whether its options are also flags, which turn it on. Its options
                must then be a `targen_core.options.Options`; the fields with a `Flag` become flags.
                Its module must import quickly.

        Raises:
            ValueError: for a malformed name or target, or a name that this
                plugin has already registered.
        """
        form = _FORMS.get(self._kind, _NAME)
        for one in (name, *aliases):
            if not isinstance(one, str) or not form.fullmatch(one):
                raise RegistrationRefused(
                    "bad-name",
                    f"{self._kind} name {one!r}: use lower-case letters, digits, '.', '_' and '-'",
                )
        if isinstance(target, str) and not _LAZY.fullmatch(target):
            raise RegistrationRefused(
                "bad-target",
                f"{self._kind} {name!r}: a lazy target must be 'package.module:ATTRIBUTE', "
                f"not {target!r}",
            )
        if name in self._items:
            raise RegistrationRefused(
                "duplicate-name", f"{self._kind} {name!r} is registered twice by the same plugin"
            )
        self._items[name] = Registration(
            self._kind,
            name,
            target,
            summary,
            self._distribution,
            self._entry_point,
            self._install,
            tuple(aliases),
            panel,
            flags,
        )

    def __iter__(self) -> Iterator[Registration[Any]]:
        return iter(self._items.values())
