"""Contradictions between parts of a declaration."""

from __future__ import annotations

import keyword
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel

from targen_core.calls.sampling import SAMPLING, check_sampling
from targen_core.errors import UnknownName, UsageError
from targen_core.hints import and_also, did_you_mean
from targen_core.tasks.judging import NO_VALID_INSTANCE
from targen_core.tasks.prompt import Prompt
from targen_core.text import plural
from targen_standard.checks.languages import refuse_language
from targen_standard.checks.patterns import refuse_pattern
from targen_standard.task_files.dimensions import refused
from targen_standard.task_files.model import Declaration, FieldPart
from targen_standard.task_files.options import used_parts
from targen_standard.task_files.outputs import OutputRefused, other_label, output_of

_TYPOGRAPHIC = "“”„«»‘’‚"
"""Quotes that a word processor types."""

Problem = tuple[tuple[str | int, ...], str, str]
"""Where, what is wrong, what to type."""


def problems(declaration: Declaration) -> Iterator[Problem]:
    """Yield the problems that pydantic cannot see, one after the other."""
    yield from _fields(declaration)
    yield from _output(declaration)
    yield from _lists(declaration)
    yield from _dimensions(declaration)
    yield from _languages(declaration)
    yield from _labels(declaration)
    yield from _branches(declaration)
    yield from _samples(declaration)
    yield from _prompts(declaration)
    yield from _used(declaration)
    yield from _presets(declaration)
    yield from _parameters(declaration)


def _languages(declaration: Declaration) -> Iterator[Problem]:
    """An unknown language, or a dimension that draws one although each prompt asks for English."""
    problem = refuse_language(declaration.language)
    if problem and any(part.has_language for part in declaration.fields.values()):
        yield ("language",), *problem
    values = [*declaration.dimensions.get("language", ())]
    usual = type(declaration).model_fields["language"].default
    names = all(value.isalpha() and value.istitle() for value in values)
    if declaration.language == usual and len(values) > 1 and names:
        yield (
            ("dimensions", "language"),
            f"each prompt also asks for {usual}",
            f"language: {', '.join(values[:-1])} or {values[-1]}",
        )


def _presets(declaration: Declaration) -> Iterator[Problem]:
    for name, counts in declaration.presets.items():
        if isinstance(counts, int):
            if counts < 1:
                yield (
                    ("presets", name),
                    f"{plural(counts, 'row')} for each label is not enough",
                    "set 1 or more",
                )
            continue
        for label, rows in counts.items():
            if declaration.output is None or other_label(declaration.output, label) is None:
                yield from _unknown_label(declaration, label, ("presets", name, label))
            if rows < 0:
                yield (
                    ("presets", name, label),
                    f"{rows} is not a valid number of rows",
                    "set 0 or more",
                )


def _parameters(declaration: Declaration) -> Iterator[Problem]:
    for step in type(declaration.parameters).model_fields:
        for key, value in getattr(declaration.parameters, step).items():
            if key not in SAMPLING:
                yield ("parameters", step, key), "no such parameter", _near(key, SAMPLING)
                continue
            try:
                check_sampling(key, value)
            except UsageError as error:
                yield ("parameters", step, key), str(error), ""


_NOT_WITH_OUTPUT = ("branches", "generators", "instructions", "samples")


def _output(declaration: Declaration) -> Iterator[Problem]:
    """Yield the keys that cannot be combined with `output`."""
    if declaration.output is None:
        return
    defaults = type(declaration).model_fields
    for key in _NOT_WITH_OUTPUT:
        if getattr(declaration, key) != defaults[key].default:
            yield (key,), "it cannot be combined with output", f"remove {key}"
    if declaration.instances_per_call > 1:
        yield ("instances_per_call",), "with output, it must be 1", "remove it"
    if declaration.corrector not in ("meta", None):
        yield ("corrector",), "output has its own step 4", "remove it, or set corrector: none"
    try:
        output_of(declaration)
    except OutputRefused as error:
        yield error.loc, error.message, error.words


def _used(declaration: Declaration) -> Iterator[Problem]:
    """Registered generators, and the options of registered parts."""
    for branch in declaration.generators:
        if branch and branch not in declaration.asked:
            yield ("generators", branch), "no such label", _near(branch, declaration.asked)
    used = [(kind, name, name.rpartition(":")[2]) for kind, name in used_parts(declaration)]
    bare = sorted({short for _, _, short in used})
    for option in declaration.options:
        about, dot, _ = option.rpartition(".")
        if not dot:
            yield (
                ("options", option),
                "options are written NAME.KEY",
                f"for example {bare[0]}.{option}",
            )
        elif not any(
            about in (name, short) or (name == short and about.endswith(f":{name}"))
            for _, name, short in used
        ):
            yield from _lacking(declaration)  # a misspelt name: its options are right
            yield (
                ("options", option),
                f"the task does not use a part named {about!r}",
                _near(about, bare),
            )


def _lacking(declaration: Declaration) -> Iterator[Problem]:
    """The registered parts that the declaration uses and that are not installed."""
    from targen_core.plugins.loader import load_registry

    registry = load_registry()
    for kind, name in used_parts(declaration):
        try:
            registry.find(kind, name)
        except UnknownName as error:
            branches = [b for b, each in declaration.generators.items() if each == name and b]
            loc = {"corrector": ("corrector",), "generator": ("generators", *branches[:1])}
            yield loc.get(kind, (kind, "use")), str(error), error.hint
        except UsageError:
            continue  # of several distributions; it is said where the part is used


def _fields(declaration: Declaration) -> Iterator[Problem]:
    for name, part in declaration.fields.items():
        loc = ("fields", name)
        if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
            yield (
                loc,
                "it is not a valid field name",
                "begin with a letter, use only letters, digits and _, and avoid Python keywords",
            )
        if name.startswith("model_") and hasattr(BaseModel, name):
            yield (
                loc,
                "pydantic, which validates the rows, reserves this name",
                "choose a different name",
            )
        if name in ("label", "idx"):
            yield loc, f"every row already has the column {name}", "choose a different name"
        yield from ((loc + at, message, hint) for at, message, hint in _field(part))
    if not declaration.written:
        yield (
            ("fields",),
            "the seed fills the only field, so step 3 has no field to write",
            "add a field",
        )


def _field(part: FieldPart) -> Iterator[Problem]:
    if part.type == "enum" and len(part.values) < 2:
        yield ("values",), "an enum needs at least two values", "values: [first, second]"
    if part.type != "enum" and part.values:
        yield ("values",), "only an enum has values", "type: enum"
    if part.type != "int" and part.range:
        yield ("range",), "only an int has a range", "type: int; for texts: words: [5, 40]"
    for key in ("words", "sentences", "items", "range"):
        pair = getattr(part, key)
        if pair is not None and pair[0] > pair[1]:
            yield (
                (key,),
                f"the minimum {pair[0]} is above the maximum {pair[1]}",
                f"{key}: [min, max]",
            )
    try:
        refuse_pattern(part.pattern)
    except ValueError as error:
        yield ("pattern",), str(error), r"pattern: 'LX-\d{6}'"
    if part.type in ("int", "enum"):
        for key in ("words", "sentences", "must_contain", "must_not_contain", "pattern"):
            if getattr(part, key):
                yield (key,), "this check is only for text", "type: str"


def _lists(declaration: Declaration) -> Iterator[Problem]:
    for step, part in declaration.lists.items():
        if part.file:
            yield (
                (step, "file"),
                "`file` is relative to a task file's folder, so the task must be in a file",
                "pass its items as a list, or use Declaration.from_file",
            )
        if part.use:
            for key in sorted(part.model_fields_set - {"use", "field"}):
                hint = (
                    f"to set it for a run: -o {step}.batch=N"
                    if key == "batch"
                    else "keep one of the two"
                )
                yield (
                    (step, key),
                    f"it cannot be combined with `use`: {part.use} has its own {key}",
                    hint,
                )
            if getattr(declaration.prompts, step):
                yield (
                    ("prompts", step),
                    f"it cannot be combined with `use`: {part.use} has its own prompt",
                    "keep one of the two",
                )
    if not declaration.lists:
        yield (
            ("seeds",),
            "a task needs contexts, seeds or both",
            "remove contexts: none or seeds: none",
        )
    if (seeds := declaration.seeds) is None:
        return
    if seeds.size[0] > seeds.size[1]:
        yield ("seeds", "words"), "the minimum is above the maximum", "words: [min, max]"
    if seeds.field:
        if seeds.field not in declaration.fields:
            yield (
                ("seeds", "field"),
                f"no field {seeds.field!r}",
                _near(seeds.field, declaration.fields),
            )
        elif declaration.fields[seeds.field].type != "str":
            yield ("seeds", "field"), f"the field {seeds.field} is not text", "type: str"


def _drawn(declaration: Declaration) -> dict[tuple[str, ...], Any]:
    """Return the dimensions of lists and rows, by their place in the file."""
    there: dict[tuple[str, ...], Any] = {
        (step, "dimensions"): part.dimensions for step, part in declaration.lists.items()
    }
    return there | {("dimensions",): declaration.dimensions}


def _dimensions(declaration: Declaration) -> Iterator[Problem]:
    taken: dict[str, str] = {}
    for loc, values in _drawn(declaration).items():
        for name, why in refused(values):
            yield (*loc, name), why, ""
        for name in values:
            if name.casefold() in taken:
                yield (
                    (*loc, name),
                    f"{taken[name.casefold()]} already has a dimension with this name",
                    "choose a different name",
                )
            taken[name.casefold()] = ".".join(loc)
    for step, part in declaration.lists.items():
        if part.items and part.dimensions:
            yield (
                (step, "dimensions"),
                "it cannot be combined with fixed items",
                "to vary rows, set dimensions at the top level",
            )


def _labels(declaration: Declaration) -> Iterator[Problem]:
    official: dict[Any, str] = {}
    alike = Counter(" ".join(name.casefold().split()) for name in declaration.labels)
    for name, part in declaration.labels.items():
        if name == NO_VALID_INSTANCE:
            yield (
                ("labels", name),
                "step 4 uses this word for invalid rows",
                "choose a different name",
            )
        if name[0] in _TYPOGRAPHIC:
            yield (
                ("labels", name),
                f"{name[0]} is not a quotation mark in YAML",
                f'type " instead of {name[0]}',
            )
        value = name if part.value is None else part.value
        if value in official:
            yield (
                ("labels", name, "value"),
                f"{official[value]} already has that value",
                "choose a different value",
            )
        official[value] = name
        if alike[" ".join(name.casefold().split())] > 1:
            yield (
                ("labels", name),
                "another label differs from it only in case",
                "choose a different name",
            )


def _branches(declaration: Declaration) -> Iterator[Problem]:
    for name, part in declaration.branches.items():
        loc = ("branches", name)
        if part.judged:
            if part.label is not None:
                yield (*loc, "label"), "it cannot be combined with judged", "keep one of the two"
            if declaration.corrector is None:
                yield (
                    (*loc, "judged"),
                    "there is no step 4 to determine the label",
                    "remove the key `corrector`",
                )
        elif part.label is not None:
            yield from _unknown_label(declaration, part.label, (*loc, "label"))
        elif name not in declaration.labels:
            yield (
                loc,
                f"it does not state which label it is for: {name!r} is not a label",
                "set label: …",
            )
    if not declaration.branches:
        return
    for name, label in declaration.labels.items():
        for key in ("guidance", "prompt"):
            if getattr(label, key):
                yield (
                    ("labels", name, key),
                    "step 3 ignores this, because the task has branches",
                    "set it on each branch",
                )
        if None not in declaration.aims.values() and name not in declaration.aims.values():
            yield (
                ("branches",),
                f"there is no branch for the label {name}",
                f"set label: {name} on a branch",
            )


def _samples(declaration: Declaration) -> Iterator[Problem]:
    names = list(declaration.fields)
    for number, sample in enumerate(declaration.samples):
        loc = ("samples", number)
        yield from _unknown_label(declaration, sample.output, (*loc, "output"))
        if sample.actual != NO_VALID_INSTANCE:
            yield from _unknown_label(declaration, sample.actual, (*loc, "actual"))
        if isinstance(sample.input, dict):
            for key in sample.input:
                if key not in names:
                    yield (*loc, "input", key), "unknown field", _near(key, names)
            lacking = [name for name in names if name not in sample.input]
            if lacking:
                yield (*loc, "input"), f"the field {lacking[0]} is missing", f"{lacking[0]}: …"
        elif len(names) > 1:
            yield (
                (*loc, "input"),
                "it must be a mapping, because a row has several fields",
                f"{names[0]}: …, and the other fields",
            )


def _prompts(declaration: Declaration) -> Iterator[Problem]:
    context = {"context"} if declaration.contexts is not None else set()
    several = {"count"} if declaration.instances_per_call > 1 else set()
    own = [
        (("prompts", "contexts"), declaration.prompts.contexts, {"count", "have"}, set()),
        (("prompts", "seeds"), declaration.prompts.seeds, {"count", "have", *context}, set()),
        *(
            (
                ("branches" if declaration.branches else "labels", name, "prompt"),
                part.prompt,
                {"seed", *several},
                {"earlier"},
            )
            for name, part in declaration.asked.items()
        ),
    ]
    for loc, text, needed, allowed in own:
        if not text:
            continue
        try:
            used = set(Prompt(str(loc[-2]), text).variables)
        except ValueError as error:
            yield loc, str(error), "put --- system, --- user or --- assistant on its own line"
            continue
        for name in sorted(used - needed - allowed - {"draws"}):
            yield (
                loc,
                f"unknown placeholder ${name}",
                and_also(_near(name, needed | allowed | {"draws"}), "write $$ for a dollar sign"),
            )
        for name in sorted(needed - used):
            yield loc, f"${name} is missing", f"add ${name} where it belongs"


def _unknown_label(
    declaration: Declaration, name: str, loc: tuple[str | int, ...]
) -> Iterator[Problem]:
    if name not in declaration.labels:
        yield loc, f"{name!r} is not a label", _near(name, declaration.labels)


def _near(name: str, known: Iterable[str]) -> str:
    return did_you_mean(name, list(known), "one of")
