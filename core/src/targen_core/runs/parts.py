"""The registered parts that a run uses beside its task and its models, with their options."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from targen_core.errors import UsageError
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_core.runs.lock import PartPlan
from targen_core.suggestions import did_you_mean
from targen_core.tasks.model import Task
from targen_core.tasks.prompt import Prompt
from targen_core.tasks.steps import PARAMETERS
from targen_core.wording import Option

__all__ = ["Parts"]


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
        said = {**self._said.get(item.name, {}), **self._said.get(item.id, {})}
        part, options = self._registry.configured(item, said)
        self.plans[place] = PartPlan(
            id=item.id,
            options={} if options is None else json.loads(options.model_dump_json()),
            prompts=_prompts(part),
        )
        return item, part

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
                    hint=did_you_mean(name, known, "options")
                    if known
                    else "leave " + Option("options") + " out",
                )

    @property
    def names(self) -> set[str]:
        """What options of the parts in use may be typed with; one without options has none."""
        return {name for plan in self.plans.values() if plan.options for name in plan.names}


def _prompts(part: Any) -> dict[str, str]:
    """The versions of a part's own prompts, by name."""
    own = [each for each in getattr(part, "prompts", ()) if isinstance(each, Prompt)]
    return {prompt.name: prompt.version for prompt in own}
