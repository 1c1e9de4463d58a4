"""The general prompts, filled with what a declaration says.

What stays the same in each call is put in once; so a prompt of a declared task
reads from top to bottom like one that was written for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files

from rapidfuzz import fuzz

from targen_core.declared.model import Declaration, FieldPart
from targen_core.tasks.checks import content_words
from targen_core.tasks.prompt import Prompt

__all__ = ["branch_prompt", "contexts_prompt", "default_instructions", "seeds_prompt"]

_NEAREST = 8  # other labels that a prompt of step 3 tells apart from its own
_PLACES: Mapping[str, object] = {"list[str]": ["...", "..."], "int": 0}
_NAMED = 12  # labels that the prompt for seeds names; of more it tells the number


def contexts_prompt(found: Declaration) -> Prompt:
    """Step 1: its values are count and have."""
    if found.prompts.contexts:
        return Prompt("contexts", found.prompts.contexts)
    assert found.contexts is not None
    return _general(
        "contexts",
        description=found.description.strip(),
        kind=found.contexts.description,
        language=found.language,
    )


def seeds_prompt(found: Declaration) -> Prompt:
    """Step 2: its values are count, have and, where there are contexts, context."""
    if found.prompts.seeds:
        return Prompt("seeds", found.prompts.seeds)
    part = found.seeds
    assert part is not None
    form = _numbers(part.words, "word")
    kind = part.description
    if part.field:
        field = found.fields[part.field]
        form = _form(field) or form
        kind = (field.description or kind).rstrip(".")
        kind += f"; it becomes the {_words_of(part.field)} of several rows, word for word"
    labels = "every label" if len(found.labels) > _NAMED else _list(found.labels)
    below = found.contexts is not None
    return _general(
        "seeds",
        description=found.description.strip(),
        kind=kind.rstrip("."),
        form=form,
        language=found.language,
        labels=labels,
        context_line=_Raw("Context: $context\n" if below else ""),
        example_context=_Raw("Context: a tram line through the old market\n" if below else ""),
    )


def branch_prompt(found: Declaration, name: str) -> Prompt:
    """Step 3 for one branch: its values are seed, and count or earlier where there are such."""
    branch, label = found.asked[name], found.aims[name]
    if branch.prompt:
        return Prompt(f"write-{name}", branch.prompt)
    several = found.instances_per_call > 1
    form: object = {name: _PLACES.get(part.type, "...") for name, part in found.written.items()}
    if several:
        form = {"rows": [form, form]}
    worked = _worked(found, label) if found.show_samples and label is not None else ""
    others = "" if label is None else _others(found, label)
    fields = "\n".join(_field(name, part, found.language) for name, part in found.written.items())
    lines = "Start from this seed, and keep to it: $seed"
    if of := found.seed_field:
        lines = f"The {_words_of(of)} is given; it is part of the row.\n{_title(of)}: $seed"
    if found.samples_per_seed > 1:
        lines += "\n\nWritten from it before, so write of something else:\n$earlier"
    return _general(
        f"write-{name}",
        "generate-any" if label is None else "generate",
        description=found.description.strip(),
        what=_Raw("$count different rows") if several else "one row",
        form=json.dumps(form),
        label=label or "",
        labels="\n".join(f"- {n}: {part.definition.strip()}" for n, part in found.labels.items()),
        definition=branch.definition.strip(),
        guidance=f"{branch.guidance.strip()}\n" if branch.guidance else "",
        others=f"\nIt must not be taken for one of these:\n{others}\n" if others else "",
        fields=fields,
        seed_line=_Raw(lines),
        worked=_Raw(worked),
    )


def _worked(found: Declaration, name: str) -> str:
    """Samples that are of a label, as turns: what was asked for, and the row."""
    turns = []
    seed = found.seed_field
    for sample in found.samples:
        if sample.actual != name:
            continue
        row = sample.input
        if not isinstance(row, dict):
            row = {next(iter(found.fields)): row}
        written: object = {field: row[field] for field in found.written}
        if found.instances_per_call > 1:
            written = {"rows": [written]}
        asked = f"Write one row whose label is surely {name}."
        given = f"\n{_title(seed)}: {row[seed]}" if seed else ""
        reply = json.dumps(written, ensure_ascii=False)
        turns.append(f"--- user\n{_quoted(asked + given)}\n--- assistant\n{_quoted(reply)}\n")
    return "".join(turns)


def default_instructions(found: Declaration) -> str:
    """How to solve the task, in the words of the labels' definitions."""
    if found.instructions:
        return found.instructions.strip()
    lines = [f"{name}: {label.definition.strip()}" for name, label in found.labels.items()]
    return "\n".join([found.description.strip(), "Decide which label is right.", *lines])


class _Raw(str):
    """A text whose `$name` is filled in at each call."""

    __slots__ = ()


@cache
def _template(name: str) -> str:
    return (files("targen_core.declared") / "prompts" / f"{name}.md").read_text(encoding="utf-8")


def _general(name: str, template: str = "", **said: str) -> Prompt:
    """A general prompt with what is said put in, so that it holds its values alone."""

    def put_in(found: re.Match[str]) -> str:
        value = said.get(found[1])
        if value is None:
            return found[0]
        return value if isinstance(value, _Raw) else _quoted(value)

    text = re.sub(r"\$\{?(\w+)\}?", put_in, _template(template or name))
    return Prompt(name, re.sub(r"\n{3,}", "\n\n", text))


def _quoted(text: str) -> str:
    """A text that is neither filled in nor taken for the heading of a turn."""
    return re.sub(r"^(?=---)", " ", text.replace("$", "$$"), flags=re.MULTILINE)


def _others(found: Declaration, name: str) -> str:
    """The labels that are nearest to one, with what they mean; mistaken ones of samples first."""
    mistaken = {
        (sample.output if sample.actual == name else sample.actual)
        for sample in found.samples
        if name in (sample.actual, sample.output)
    }
    mine = _bare(name, found)
    ranked = sorted(
        (other for other in found.labels if other != name),
        key=lambda other: (other not in mistaken, -fuzz.token_set_ratio(mine, _bare(other, found))),
    )
    nearest = {*ranked[:_NEAREST]}
    return "\n".join(
        f"- {other}: {label.definition.strip()}"
        for other, label in found.labels.items()
        if other in nearest
    )


def _bare(name: str, found: Declaration) -> str:
    """The words of a label and of its definition that mean something by themselves."""
    return _words_in(f"{name.replace('_', ' ')} {found.labels[name].definition}")


@lru_cache(maxsize=4096)  # each label is held against every other
def _words_in(said: str) -> str:
    return " ".join(sorted(content_words(said)))


def _field(name: str, part: FieldPart, language: str) -> str:
    """What a field must be, in a line."""
    said = [part.description.rstrip(".")] if part.description else []
    if part.type == "enum":
        said.append(f"one of {_list(part.values)}")
    elif part.type == "int":
        said.append(
            f"a whole number from {part.range[0]} to {part.range[1]}"
            if part.range
            else "a whole number"
        )
    else:
        if part.type == "list[str]":
            said.append(f"a list of {_numbers(part.items, 'text')}, each one of them")
        said.append(_form(part))
        if part.check_language:
            said.append(f"in {language}")
        if part.must_contain:
            said.append(f"with one of these in it: {_list(part.must_contain)}")
        if part.must_not_contain:
            said.append(f"without these: {_list(part.must_not_contain)}")
    return f"- {name}: " + ", ".join(filter(None, said))


_FORMS = {
    "prose": "whole sentences",
    "question": "ending with a question mark",
    "phrase": "a phrase, not a sentence",
    "any": "",
}


def _form(part: FieldPart) -> str:
    """What a text looks like, and how long it is."""
    whole = "whole " if part.form == "prose" else ""
    sizes = " in ".join(
        _numbers(pair, what)
        for pair, what in ((part.words, "word"), (part.sentences, f"{whole}sentence"))
        if pair is not None
    )
    form = "" if part.form == "prose" and part.sentences else _FORMS[part.form]
    return ", ".join(filter(None, [form, sizes, "" if part.form == "any" else "on one line"]))


def _numbers(pair: tuple[int, int], what: str) -> str:
    """`one sentence`, `2 words`, `5 to 20 words`."""
    least, most = pair
    if least == most:
        return f"one {what}" if most == 1 else f"{most} {what}s"
    return f"{least} to {most} {what}s"


def _list(names: Mapping[str, object] | tuple[str, ...]) -> str:
    return ", ".join(names)


def _words_of(name: str) -> str:
    return name.replace("_", " ")


def _title(name: str) -> str:
    spaced = _words_of(name)
    return spaced[:1].upper() + spaced[1:]
