"""The registered parts that a run uses beside its task and its models, with their options."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from targen_core.errors import UsageError
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_core.runs.records.lock import PartPlan
from targen_core.suggestions import did_you_mean
from targen_core.tasks.model import Task
from targen_core.tasks.prompt import Prompt
from targen_core.tasks.steps import PARAMETERS

__all__ = ["Chosen", "Parts"]


@dataclass(frozen=True, slots=True)
class Chosen:
    """One of several parts of a kind.

    Attributes:
        id: its full id.
        part: the part.
        make: makes another one, with the same options.
    """

    id: str
    part: Any
    make: Callable[[], Any]


class Parts:
    """Finds parts by kind and name, gives them their options, and remembers what was used.

    Options are typed by the part's name or full id, as in `majority.times` or
    `acme:majority.times`; those of steps have a step's name there, which comes first.
    """

    def __init__(
        self,
        registry: Registry,
        options: Mapping[str, Any],
        task: Task[Any, Any] | None = None,
        *,
        distribution: str = "",
    ) -> None:
        """Take what `-o` said over what the task says; defaults are its `distribution`'s first."""
        self._registry = registry
        self._whose = (distribution, "targen-core")
        self._said: dict[str, dict[str, Any]] = {}
        own = task.part_options if task is not None else {}
        for name, value in (*own.items(), *options.items()):
            about, dot, key = name.rpartition(".")
            if dot and about not in PARAMETERS:
                self._said.setdefault(about, {})[key] = value
        self.plans: dict[str, PartPlan] = {}
        """What a lock says of each part in use, by its place in the run."""
        self.packages: set[str] = set()
        """Distributions that parts in use say affect their results."""

    def find(
        self, place: str, kind: str, name: str, *, is_default: bool = False
    ) -> tuple[Registration[Any], Any]:
        """The part registered as `name`, made with its options, for a place in the run.

        A default (`is_default`), which was not typed, is never ambiguous: it means the part of the
        task's own distribution, or the core's.

        Raises:
            UsageError: there is no such part, or it has no such option.
        """
        item = self._registry.find(kind, name, whose=self._whose if is_default else ())
        return item, self._made(place, item)

    def several(self, kind: str, own: Sequence[str], typed: Sequence[str]) -> list[Chosen]:
        """The parts of a kind that apply one behind the other: the task's own, then the typed ones.

        One that is named twice applies once, where it is named first. Each has the place
        "KIND NAME" in the run.

        Raises:
            UsageError: there is no such part, or it has no such option.
        """
        items = {
            item.id: item for item in (self._registry.find(kind, n, whose=self._whose) for n in own)
        }
        items |= {item.id: item for item in (self._registry.find(kind, n) for n in typed)}
        chosen = []
        for item in items.values():
            place = f"{kind} {item.name}"
            if place in self.plans:  # of another distribution
                place = f"{kind} {item.id}"
            chosen.append(
                Chosen(item.id, self._made(place, item), partial(self._made, place, item))
            )
        return chosen

    def _made(self, place: str, item: Registration[Any]) -> Any:
        """A part with its options; the lock gets its plan."""
        said = {**self._said.get(item.name, {}), **self._said.get(item.id, {})}

        def using(option: str, kind: str, name: str) -> tuple[Registration[Any], Any]:
            return self.find(f"{option} of {place}", kind, name, is_default=option not in said)

        part, options = self._registry.configured(item, said, using=using)
        self.plans[place] = PartPlan(
            id=item.id,
            options={} if options is None else json.loads(options.model_dump_json()),
            prompts=_prompts(part),
        )
        self.packages |= {*getattr(part, "packages", ())}
        return part

    def require_used(self, options: Iterable[str]) -> None:
        """See that all options are of parts in use, where no steps have any.

        Raises:
            UsageError: one is not, with those that could be meant.
        """
        known = [f"{plan.names[1]}.{key}" for plan in self.plans.values() for key in plan.options]
        for name in options:
            if name.rpartition(".")[0] not in self.names:
                raise UsageError(
                    f"option {name!r}: nothing here has such an option",
                    hint=did_you_mean(name, known, "options") if known else "leave -o out",
                )

    @property
    def names(self) -> set[str]:
        """What options of the parts in use may be typed with; one without options has none."""
        return {name for plan in self.plans.values() if plan.options for name in plan.names}


def _prompts(part: Any) -> dict[str, str]:
    """The versions of a part's own prompts, by name."""
    own = [each for each in getattr(part, "prompts", ()) if isinstance(each, Prompt)]
    return {prompt.name: prompt.version for prompt in own}
