"""Validation of a task when it is made: what could not run is refused here."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from operator import attrgetter
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from targen_core.calls.sampling import SAMPLING, check_sampling
from targen_core.errors import UsageError
from targen_core.hints import did_you_mean
from targen_core.tasks.dimensions import Dimension, repeated
from targen_core.tasks.groups import About, CallSettings, Judging, Rows, Seeding, Texts, Uses
from targen_core.tasks.judging import NO_VALID_INSTANCE, CorrectionSample
from targen_core.tasks.parts import Label, Variant
from targen_core.tasks.prompt import Prompt
from targen_core.tasks.steps import ListStep, Part

if TYPE_CHECKING:
    from targen_core.tasks.model import Task

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")  # as registered


def validate(task: Task[Any, Any]) -> None:
    """Refuse a task that could not run.

    Raises:
        ValueError: the first thing that is wrong, with what to write.
    """
    for problems in (
        _kinds, _numbers, _labels, _branches, _parts, _steps, _dimensions, _samples, _presets,
        _functions, _variants,
    ):  # fmt: skip
        for problem in problems(task):
            raise ValueError(f"task {task.name}: {problem}")


_GROUPS: Mapping[str, type] = {
    "judging": Judging,
    "rows": Rows,
    "texts": Texts,
    "seeding": Seeding,
    "calls": CallSettings,
    "uses": Uses,
    "about": About,
}


def _kinds(task: Task[Any, Any]) -> Iterator[str]:
    """Parts that are something else than their annotations say, with what to pass."""
    wrong = [
        f"{name} is {repr(value)[:80]}; pass {kind.__name__}(...)"
        for name, kind in _GROUPS.items()
        if not isinstance(value := getattr(task, name), kind)
    ]
    if wrong:  # their fields cannot be looked at
        yield from wrong
        return
    samples = "a tuple of CorrectionSamples: (sample,)"
    expected: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
        ("name", _is_name, "a name of lower-case letters, digits, ., _ and -"),
        ("version", _one(str), 'a string, such as "1"'),
        ("instance", _one(type(BaseModel)), "a pydantic model class"),
        ("labels", _several(Label), 'a tuple of Labels: (Label("yes"),)'),
        ("generators", _by_name(Callable), "a mapping of labels or branches to functions"),
        (
            "seeding.branch_labels",
            _by_name(str | None),
            "a mapping of branches to labels, or to None if step 4 finds the label",
        ),
        ("contexts", _one(ListStep | None), "a ListStep or None"),
        ("seeds", _several(ListStep), "a tuple of ListSteps: (step,)"),
        ("seeding.parts", _by_name(Part), "a mapping of names to Parts"),
        ("dimensions", _several(Dimension), "a tuple of Dimensions: (dimension,)"),
        ("seeding.drawn", _one(Callable | None), "a function (above, seed, branch), or None"),
        ("checks", _several(Callable), "a tuple of functions: (check,)"),
        ("judging.samples", _several(CorrectionSample), samples),
        (
            "judging.rejecting",
            _by_name(str),
            'a mapping of answers to reasons: {"unclear": "ambiguous"}',
        ),
        (
            "rows.presets",
            _by_name(Mapping),
            'a mapping of names to row counts by label: {"small": {"yes": 10}}',
        ),
        (
            "calls.parameters",
            _by_name(Mapping),
            'a mapping of steps to parameters: {"generate": {"temperature": 1.0}}',
        ),
        (
            "calls.scored",
            _by_name(int),
            'a mapping of steps to the number of alternatives per token: {"generate": 20}',
        ),
        ("calls.scores_given", _several(str), 'a tuple of steps: ("generate",)'),
        ("calls.continues", _several(str), 'a tuple of steps: ("generate",)'),
        (
            "variants",
            _by_name(Variant),
            "a mapping of names to Variants: Variant(summary, changes)",
        ),
        ("prompts", _several(Prompt), "a tuple of Prompts: (prompt,)"),
        ("calls.dry_run", _one(Callable | None), "a function that takes a DryRunCall, or None"),
    )
    for part, fits, kind in expected:
        value = attrgetter(part)(task)
        if not fits(value):
            yield f"{part} is {repr(value)[:80]}; pass {kind}"


def _is_name(value: object) -> bool:
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def _one(kind: Any) -> Callable[[Any], bool]:
    """Return a check that a value is such a part."""
    return lambda value: isinstance(value, kind)


def _several(kind: Any) -> Callable[[Any], bool]:
    """Return a check that a value is a sequence of such parts."""
    return lambda value: (
        isinstance(value, tuple | list) and all(isinstance(part, kind) for part in value)
    )


def _by_name(kind: Any) -> Callable[[Any], bool]:
    """Return a check that a value has such parts by their names."""
    return lambda value: (
        isinstance(value, Mapping)
        and all(isinstance(name, str) for name in value)
        and all(isinstance(part, kind) for part in value.values())
    )


def _numbers(task: Task[Any, Any]) -> Iterator[str]:
    for counted, number in (
        ("rows_per_instance", task.rows.rows_per_instance),
        ("instances_per_call", task.seeding.instances_per_call),
        ("samples_per_seed", task.seeding.samples_per_seed),
    ):
        if not isinstance(number, int) or number < 1:
            yield f"{counted} is {number}; it must be at least 1"
    if task.seeding.labels_per_seed not in (None, 1):
        yield f"labels_per_seed is {task.seeding.labels_per_seed!r}; it must be 1, or None for all"
    has_parts = bool(task.seeding.parts) and not task.has_shares
    if task.seeding.seed_branch and (
        task.seeding.labels_per_seed or has_parts or task.seeding.samples_per_seed > 1
    ):
        yield "with seed_branch, it cannot have labels_per_seed, parts or samples_per_seed"


def _labels(task: Task[Any, Any]) -> Iterator[str]:
    names = task.quota_names
    if len(set(names)) != len(names):
        yield "two labels have the same name"
    if not task.labels and task.rows.label_of is None:
        yield "a task with open labels needs rows=Rows(label_of=...)"
    for label in task.labels:
        if not isinstance(label.name, str) or not label.name or label.name == NO_VALID_INSTANCE:
            yield (
                f"a label cannot be called {label.name!r}: in Label(name, value), people type the "
                "name and rows contain the value: "
                'Label("yes", 1)'
            )
    yield from _labels_that_no_row_can_have(task)


def _labels_that_no_row_can_have(task: Task[Any, Any]) -> Iterator[str]:
    """Find labels that the instance's schema does not list, as may happen in derived tasks."""
    column = task.instance.model_fields.get("label")
    if task.rows.label_of is not None or column is None:
        return
    kind = column.annotation
    if get_origin(kind) in (Union, UnionType):  # a label or None: step 4 finds it
        kind = next(part for part in get_args(kind) if part is not NoneType)
    if get_origin(kind) is not Literal:
        return
    legal = get_args(kind)
    for label in task.labels:
        if label.official not in legal:
            name = label.name if label.name in legal else legal[0]
            own = f"Label({name!r})" if isinstance(name, str) else f"Label(NAME, {name!r})"
            yield (
                f"{task.instance.__name__} cannot have the label {label.official!r}, only: "
                f"{', '.join(map(repr, legal))}. The second argument of Label(name, value) is the "
                f"value in the rows, and defaults to the name: {own}"
            )


def _branches(task: Task[Any, Any]) -> Iterator[str]:
    """Branches that aim at no label, and labels that no branch aims at."""
    names, aims = task.quota_names, set(task.branches.values())
    listed = f"the labels are {', '.join(names)}"
    for branch in task.seeding.branch_labels:
        if branch not in task.generators:
            yield f"branch_labels contains {branch!r}, which is not a generator"
    for branch, aim in task.branches.items():
        if aim is None or aim in names:
            continue
        if branch in task.seeding.branch_labels:
            yield f"branch {branch} is for {aim!r}, which is not a label; {listed}"
        yield (
            f"the generator {branch!r} is not named after a label; {listed}. Set its label in "
            "branch_labels, or None if step 4 finds it"
        )
    for name in names:
        if not {name, None} & aims:
            yield (
                f"label {name} has no branch: add a generator with that name, or set the label "
                "of a branch in branch_labels"
            )


def _parts(task: Task[Any, Any]) -> Iterator[str]:
    """Find parts that omit or share a list, a branch or a label, or do not add up."""
    if not task.seeding.parts:
        return
    if task.contexts is not None or task.seeds:
        yield "a task with parts must define its contexts and seeds in the parts"
    if task.seeding.samples_per_seed != 1 or task.rows.rows_per_instance != 1:
        yield "a task with parts must have samples_per_seed=1 and rows_per_instance=1"
    chains = [[step.name for step in part.lists] for part in task.seeding.parts.values()]
    if not all(chains) or any("" in chain for chain in chains):
        yield "each part must have lists, and each list must have a name"
    names = [name for chain in chains for name in chain]
    if len(set(names)) != len(names) and not task.has_shares:
        yield "two parts have lists with the same name"
    if sorted(b for part in task.seeding.parts.values() for b in part.branches) != sorted(
        task.generators
    ):
        yield "each generator must be a branch of exactly one part"
        return
    shares = [part.share for part in task.seeding.parts.values()]
    if not all(0 < share < 1 for share in shares) or abs(sum(shares) - 1) > 1e-9:
        yield f"the shares of its parts are {', '.join(map(str, shares))}; they must add up to 1"
    for name, part in task.seeding.parts.items():
        aims = {task.branches[branch] for branch in part.branches}
        for label in task.quota_names:
            if not {label, None} & aims:
                yield f"in the part {name}, label {label} has no branch"


def _steps(task: Task[Any, Any]) -> Iterator[str]:
    if not task.chain:
        yield "it needs contexts or seeds"
    steps = [step.name for step in task.steps]
    for step in steps:
        if not (step.isidentifier() and step.isascii()):
            yield f"a list cannot be called {step!r}: use letters, digits and _, but no digit first"
        if steps.count(step) > 1:
            yield f"two of its steps have the name {step!r}"
    for step, values in task.calls.parameters.items():
        if step not in steps:
            yield (f"parameters for unknown step {step!r}; the task's steps are {', '.join(steps)}")
        for problem in _sampling_problems(values):
            yield f"parameters of {step}: {problem}"
    for step, wanted in task.calls.scored.items():
        if step not in steps:
            yield (
                f"scored contains {step!r}, which is not a step; "
                f"the task's steps are {', '.join(steps)}"
            )
        if wanted < 0 or isinstance(wanted, bool):
            yield f"scored[{step!r}] is {wanted}; it must be a number of alternatives, 0 or more"
    for field in ("scores_given", "continues"):
        for step in getattr(task.calls, field):
            if step not in task.calls.scored:
                yield f"{field} contains {step!r}, but scored does not"
    for problem in corrector_problems(task.judging.corrector):
        yield f"its corrector's {problem}"


def _dimensions(task: Task[Any, Any]) -> Iterator[str]:
    """Dimensions of one name over a row: its provenance could not tell them apart."""
    for branch in task.generators:
        lists = (part for step in task.chain_of(branch) for part in step.dimensions)
        name = repeated((*lists, *task.dimensions))
        if name is not None:
            yield f"two of its dimensions have the name {name!r}"


def _sampling_problems(values: Mapping[str, Any]) -> Iterator[str]:
    """Yield problems of sampling parameters: an unknown name, or an invalid value."""
    for key, value in values.items():
        if key not in SAMPLING:
            hint = did_you_mean(str(key), SAMPLING, "one of")
            yield f"there is no sampling parameter {key!r}; {hint}"
            continue
        try:
            check_sampling(key, value)
        except UsageError as error:
            yield str(error).removeprefix("option ")


def corrector_problems(corrector: Any) -> Iterator[str]:
    """Yield problems of a corrector's attributes: prompts, offline replies, parameters."""
    prompts = getattr(corrector, "prompts", ())
    if not isinstance(prompts, tuple | list) or not all(isinstance(p, Prompt) for p in prompts):
        yield "prompts must be a tuple of Prompts: (prompt,)"
    dry_run = getattr(corrector, "dry_run", None)
    if dry_run is not None and not callable(dry_run):
        yield "dry_run must be a function that takes a DryRunCall"
    own = getattr(corrector, "parameters", {})
    if not isinstance(own, Mapping):
        yield f"parameters are a {type(own).__name__}, not a mapping"
        return
    for problem in _sampling_problems(own):
        yield f"parameters: {problem}"


def _samples(task: Task[Any, Any]) -> Iterator[str]:
    """Check that worked samples' answers are labels; only the default question's are known here."""
    if not task.labels or task.judging.questions is not None:
        return
    legal = (*task.quota_names, *task.judging.rejecting)
    for number, sample in enumerate(task.judging.samples):
        for part, value, more in (
            ("output", sample.output, ()),
            ("actual", sample.actual, (NO_VALID_INSTANCE,)),
        ):
            for answer in (value,) if isinstance(value, str) else value:
                if answer not in (*legal, *more):
                    hint = did_you_mean(str(answer), (*legal, *more), "the answers are")
                    yield (
                        f"judging.samples[{number}].{part} is {answer!r}, which is not a label; "
                        f"{hint}"
                    )


def _presets(task: Task[Any, Any]) -> Iterator[str]:
    names, unit = task.quota_names, task.rows.rows_per_instance
    for preset, counts in task.rows.presets.items():
        for name, rows in counts.items():
            if not task.allows(name):
                hint = did_you_mean(str(name), names, "the labels are")
                yield f"preset {preset} contains {name!r}, which is not a label; {hint}"
            if not isinstance(rows, int) or rows < 0 or rows % unit:
                units = f"a multiple of {unit}" if unit > 1 else "a whole number"
                yield f"preset {preset}: {name} has {rows!r} rows; it must be {units}, 0 or more"


def _functions(task: Task[Any, Any]) -> Iterator[str]:
    """Coroutines in the place of plain functions: they would never run."""
    called: list[tuple[str, Any]] = [("checks", check) for check in task.checks]
    for group in _GROUPS:
        names = [f"{group}.{part.name}" for part in fields(getattr(task, group))]
        called += [(name, attrgetter(name)(task)) for name in names if name != "judging.corrector"]
    for part, function in called:
        if inspect.iscoroutinefunction(function):
            yield (
                f"{part}: {function.__name__} is `async def`, and targen does not await it: "
                "write `def`"
            )


def _variants(task: Task[Any, Any]) -> Iterator[str]:
    """Find variants that are not valid tasks once they are applied."""
    for name, variant in task.variants.items():
        try:
            task.replace(**{**variant.changes, "variants": {}})
        except (TypeError, ValueError) as error:
            yield f"variant {name}: {str(error).removeprefix(f'task {task.name}: ')}"
