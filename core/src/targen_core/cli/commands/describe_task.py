"""`targen describe TASK`: describe a task, and show its prompts as sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from targen_core.cli.describing import print_scored, scored_facts
from targen_core.cli.tables import print_table

if TYPE_CHECKING:
    from targen_core.cli.facts import Described
    from targen_core.cli.trial import RecordedCall
    from targen_core.plugins.registry import Registry
    from targen_core.runs.config import RunConfig
    from targen_core.runs.manifest import PartPlan
    from targen_core.tasks.model import Task

_SHOWN = 60  # characters of a dimension's values


def task_facts(part: Described) -> dict[str, Any]:
    """Return the facts of a task; with `prompts`, with each prompt filled in."""
    from targen_core.runs.tasks import find_task

    registry, name, variants = part.registry, part.name, part.variants
    registration, own = find_task(registry, name, variants)
    target, parts = _with_parts(registry, own, name, variants)
    facts = _facts(target, registration.id) | {"scored": scored_facts(registry, target)}
    facts["parts"] = parts
    if part.prompts:
        facts["prompts"] = [
            {
                "name": call.prompt,
                "step": call.step,
                "messages": [{"role": m.role, "content": m.content} for m in call.messages],
            }
            for call in _filled(registry, target, name, variants)
        ]
    return facts


def _with_parts(
    registry: Registry, task: Task[Any, Any], name: str, variants: Sequence[str]
) -> tuple[Task[Any, Any], dict[str, dict[str, Any]]]:
    """The task with the registered parts that it uses, and these by their place.

    If some parts are not installed, or need an option that is typed for each run, it is described
    without them, with the reason.
    """
    from targen_core.errors import TargenError
    from targen_core.runs.config import RunConfig

    try:
        made, plans = task_with_parts(registry, RunConfig(task=name, quotas={}, variants=variants))
    except TargenError as error:
        return task, {"": {"problem": f"{error}" + (f" ({error.hint})" if error.hint else "")}}
    return made, {
        place: {"id": plan.id, "options": dict(plan.options), "prompts": dict(plan.prompts)}
        for place, plan in plans.items()
    }


def task_with_parts(
    registry: Registry, config: RunConfig
) -> tuple[Task[Any, Any], dict[str, PartPlan]]:
    """A config's task as a run has it, and the registered parts that it uses, by their place.

    Raises:
        UsageError: as `task_of`, or the corrector is unknown.
    """
    from targen_core.runs.tasks import find_corrector, task_and_parts

    _, task, parts = task_and_parts(registry, config, copies=False)
    find_corrector(parts, task, config.corrector)
    return task, parts.plans


def _facts(task: Task[Any, Any], task_id: str) -> dict[str, Any]:
    corrector = task.judging.corrector
    steps = [step for step in task.steps if step.lists != ()]
    return {
        "kind": "task",
        "id": task_id,
        "version": task.version,
        "summary": task.summary,
        "description": task.description,
        "source": task.about.source,
        "labels": [
            {"name": label.name, "value": label.official, "summary": label.summary}
            for label in task.labels
        ],
        "branches": dict(task.branches),
        "columns": [*task.schema.model_fields],
        "rows_per_instance": task.rows_per_instance,
        "instances_per_call": task.seeding.instances_per_call,
        "labels_per_seed": task.seeding.labels_per_seed or "all",
        "lists": [
            {"step": step.name, "summary": part.summary, "batch": part.batch}
            for step in steps
            for part in step.lists or ()
        ],
        "dimensions": [
            {
                "step": step,
                "name": part.name,
                "values": dict(part.values)
                if isinstance(part.values, Mapping)
                else list(part.values),
                "in_prompt": part.in_prompt,
                "summary": part.summary,
            }
            for step, part in task.dimensions_by_step
        ],
        "corrector": corrector if isinstance(corrector, str | None) else "task",
        "checks": [*task.uses.checks],
        "filters": [*task.uses.filters],
        "parameters": {
            step.name: dict(step.parameters)
            for step in steps
            if step.lists is None or any(part.asks for part in step.lists)
        },
        "variants": {name: variant.summary for name, variant in task.variants.items()},
        "presets": {name: dict(counts) for name, counts in task.rows.presets.items()},
        "prompt_versions": task.prompt_versions,
    }


def _filled(
    registry: Registry, task: Task[Any, Any], name: str, variants: Sequence[str]
) -> list[RecordedCall]:
    """Return the first filling of each prompt in a dry run, which is free."""
    from targen_core.api.request import asked
    from targen_core.cli.trial import dry_run_spec, run_trial

    # A kind that no prompt says may select one: as many neighbours as it has values have them all.
    unsaid = [len(drawn.pool) for _, drawn in task.dimensions_by_step if not drawn.in_prompt]
    quotas = dict.fromkeys(task.quota_names, max([2, *unsaid]) * task.rows_per_instance)
    with asked(registry, name, rows=False, variants=variants) as request:
        trial = run_trial(registry, dry_run_spec(request.config, quotas), unfiltered=True)
    first: dict[str, RecordedCall] = {}
    for call in trial.calls:
        first.setdefault(call.prompt, call)
    order = [prompt.name for prompt in task.every_prompt]
    return sorted(first.values(), key=lambda c: order.index(c.prompt) if c.prompt in order else 99)


def _one_line(text: str) -> str:
    """Return a text of a task file, which may have several lines, as a cell of a table."""
    return " ".join(text.split())


def _values(values: Sequence[str] | Mapping[str, int]) -> str:
    """Values in a line, with their weights; of many, the first and how many there are."""
    said = (
        [f"{value}: {weight}" for value, weight in values.items()]
        if isinstance(values, Mapping)
        else list(values)
    )
    shown = said[:1]
    for one in said[1:]:
        if len(", ".join([*shown, one])) > _SHOWN:
            return f"{', '.join(shown)}, ... ({len(said):,})"
        shown.append(one)
    return ", ".join(shown)


def _what_for(dimension: Mapping[str, Any]) -> str:
    """Return a dimension's purpose, and whether prompts contain its values."""
    unsaid = "" if dimension["in_prompt"] else "(not mentioned in prompts)"
    return " ".join(filter(None, (dimension["summary"], unsaid)))


def _print_parts(parts: Mapping[str, Mapping[str, Any]]) -> None:
    if problem := parts.get("", {}).get("problem"):
        print(f"The parts that the task uses cannot be shown: {problem}")
        return
    rows = [
        (
            place,
            part["id"],
            ", ".join(f"{name}={value}" for name, value in part["options"].items()),
        )
        for place, part in parts.items()
    ]
    print_table(["registered part", "id", "options"], rows)


def _generated(facts: dict[str, Any]) -> str:
    if facts["labels_per_seed"] == 1 and len(facts["branches"]) > 1:
        return "instances; each seed is used for one label"
    return "instances for each seed and branch"


def print_task(facts: dict[str, Any]) -> None:
    """Print what `task_facts` says."""
    print(f"{facts['id']} version {facts['version']}: {facts['summary']}\n")
    print(facts["description"])
    if facts["source"]:
        print()
        print(f"Source: {facts['source']}")
    print(f"\nColumns: {', '.join(facts['columns'])}")
    if facts["rows_per_instance"] > 1:
        print(f"Rows come in groups of {facts['rows_per_instance']}.")
    print()
    if facts["labels"]:
        meanings = [(la["name"], _one_line(la["summary"])) for la in facts["labels"]]
        print_table(["label", "meaning"], meanings)
    else:
        print("The labels are not fixed, so all rows share one quota, called any.")
    if [*facts["branches"]] != ([label["name"] for label in facts["labels"]] or ["any"]):
        default_aim = "determined by step 4" if facts["corrector"] else "stated in the rows"
        aims = [(name, aim or default_aim) for name, aim in facts["branches"].items()]
        print()
        print_table(["branch", "label"], aims)
    print()
    lists = {la["step"] for la in facts["lists"]}
    print_table(
        ["step", "what", "items per call"],
        [
            *(
                (la["step"], _one_line(la["summary"]), la["batch"])
                for la in facts["lists"]
                if la["step"] != "correct"
            ),
            *[("generate", _generated(facts), facts["instances_per_call"])]
            * ("generate" not in lists),
            *[("checks", ", ".join(facts["checks"]), "")] * bool(facts["checks"]),
            ("correct", f"corrector {facts['corrector']}" if facts["corrector"] else "none", ""),
            *[("filters", ", ".join(facts["filters"]), "")] * bool(facts["filters"]),
        ],
    )
    if any(place != "corrector" or part.get("options") for place, part in facts["parts"].items()):
        print()
        _print_parts(facts["parts"])
    print_scored(facts["scored"])
    if facts["dimensions"]:
        print()
        print_table(
            ["dimension", "step", "values drawn from", "purpose"],
            [
                (one["name"], one["step"], _values(one["values"]), _what_for(one))
                for one in facts["dimensions"]
            ],
        )
    print()
    print_table(
        ["step", "default parameters"],
        [
            (step, ", ".join(f"{key}={value}" for key, value in params.items()))
            for step, params in facts["parameters"].items()
        ],
    )
    if facts["presets"]:
        print()
        print_table(
            ["preset", "rows"],
            [
                (name, ", ".join(f"{label} {count:,}" for label, count in counts.items()))
                for name, counts in facts["presets"].items()
            ],
        )
    if facts["variants"]:
        print()
        print_table(["variant", "difference"], [*facts["variants"].items()])
    if facts.get("prompts"):
        print("\nPrompts, with made-up words in place of a run's contexts, seeds and texts")
    for prompt in facts.get("prompts", ()):
        print(f"\n{'=' * 78}\nprompt {prompt['name']} (step {prompt['step']})")
        for message in prompt["messages"]:
            print(f"--- {message['role']}\n{message['content']}")
