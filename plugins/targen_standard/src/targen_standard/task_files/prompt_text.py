"""The general prompts, filled with what a declaration says.

Parts that are the same in each call are put in once. So a prompt of a declared task reads from top
to bottom like one that was written for it.

A prompt of step 3 only contains the definition of its own label. Those of steps 1 and 2 contain
none, only the names of an output's labels. So a changed definition leaves the calls of all other
labels as they were, and their replies need not be paid for again. A separate line names the other
labels, since "anything else" is meaningless without them. Step 4 has all definitions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache

from rapidfuzz import fuzz

from targen_core.tasks.prompt import Prompt
from targen_standard.task_files.lengths import is_code
from targen_standard.task_files.model import BranchPart, Declaration, FieldPart
from targen_standard.task_files.outputs import Output, output_of

_NAMED = 24  # other labels that a prompt of step 3 names
_OTHERS = "It must not be taken for one of the other labels: "
_LIKE = (
    "Write as such texts are really written, in their usual tone, and as tidy or careless as most "
    "of them. This does not ask for mistakes that the description, the form or the label rules "
    "out. Names, places and stories belong in it only if most such texts have them."
)
_REFUSAL = "\n\nIf no honest text of this {} can come of it, do not force one, and reply with "
_PLACES: Mapping[str, object] = {"list[str]": ["...", "..."], "int": 0}


def contexts_prompt(declaration: Declaration) -> Prompt:
    """Step 1: its values are count and have."""
    if declaration.prompts.contexts:
        return Prompt("contexts", declaration.prompts.contexts)
    assert declaration.contexts is not None
    return _general(
        declaration,
        "contexts",
        description=_with_names(declaration),
        kind=declaration.contexts.description.strip(),
    )


def _with_names(declaration: Declaration) -> str:
    """The description, with the names of an output's labels: its words may not mention them."""
    said = declaration.description.strip()
    if declaration.output is None:
        return said
    return f"{said}\n{output_of(declaration)[1].label_says}".strip()


def seeds_prompt(declaration: Declaration) -> Prompt:
    """Step 2: its values are count, have and, if there are contexts, context."""
    if declaration.prompts.seeds:
        return Prompt("seeds", declaration.prompts.seeds)
    part = declaration.seeds
    assert part is not None
    form = "a few words" if part.is_short else _numbers(part.size, "word")
    kind = part.description.strip()
    has_language = True
    if part.field:
        field = declaration.fields[part.field]
        has_language = field.has_language
        named = _words_of(part.field)
        form = f"a whole {named if _called(part.field) == named else 'text'}"
        form = _form(field) or form
        kind = (field.description.strip() or kind).rstrip(".")
        once = declaration.one_label and declaration.instances_per_call == 1
        rows = "a row" if once and declaration.samples_per_seed == 1 else "several rows"
        kind += f"; it becomes the {_called(part.field)} of {rows}, word for word"
    one_line = not part.field or declaration.fields[part.field].form != "any"
    below = declaration.contexts is not None
    return _general(
        declaration,
        "seeds",
        description=_with_names(declaration),
        kind=kind.rstrip("."),
        form=form,
        in_language=f", in {declaration.language_said}" if has_language else "",
        context_line=_Raw("Context: $context\n" if below else ""),
        one_line="is one line, " if one_line else "",
        one_line_that="is one line that " if one_line else "",
        example_context=_Raw("Context: a tram line through the old market\n" if below else ""),
    )


def branch_prompt(
    declaration: Declaration, name: str, branch: BranchPart, label: str | None
) -> Prompt:
    """Step 3 for one branch: its values are seed, and count or earlier if there are such."""
    if branch.prompt:
        return Prompt(f"write-{name}", branch.prompt)
    several = declaration.instances_per_call > 1
    form = form_of_reply(declaration)
    if several:
        form = {"rows": [form, form]}
    return _general(
        declaration,
        f"write-{name}",
        "generate-any" if label is None else "generate",
        what=_Raw("$count different rows") if several else "one row",
        form=json.dumps(form, ensure_ascii=False),
        label=label or "",
        labels="\n".join(f"- {line}" for line in declaration.definitions),
        definition=branch.definition.strip(),
        guidance=f"{branch.guidance.strip()}\n" if branch.guidance else "",
        others="" if label is None else f"{_OTHERS}{_list(_others(declaration, label))}\n",
        fields=fields_of(declaration),
        seed_line=_Raw(_seed_lines(declaration)),
        like=_LIKE,
        refusal="" if label is None or not declaration.may_refuse else _refusal(declaration),
    )


def output_prompts(declaration: Declaration, output: Output) -> tuple[Prompt, Prompt]:
    """Return the prompts of steps 3 and 4 of a task that has `output`.

    The first has the values seed and target, and earlier if there are any; the second has input.
    """
    write = _general(
        declaration,
        "write",
        "generate-output",
        form=json.dumps({**form_of_reply(declaration), **output.form}, ensure_ascii=False),
        fields=fields_of(declaration),
        how=output.how and f"{output.how.strip()}\n",
        like=_LIKE,
        seed_line=_Raw(_seed_lines(declaration)),
        refusal=_refusal(declaration, "kind") if declaration.may_refuse else "",
    )
    label = _general(
        declaration,
        "label",
        "label-output",
        form=json.dumps(
            {"explanation": "...", "valid": True, **output.answer_form}, ensure_ascii=False
        ),
        instructions=output.instructions.strip(),
    )
    return write, label


def training_prompt(declaration: Declaration, output: Output) -> Prompt:
    """Return the prompt of exports for training, with the output's own instructions for it."""
    general = Prompt("instruction", package="targen_standard.exporting")
    asked = f"{declaration.description.strip()}\n{output.training}"
    return Prompt(general.name, general.text.replace("$instructions", _quoted(asked)))


def form_of_reply(declaration: Declaration) -> dict[str, object]:
    """Return an example of the form of the fields that step 3 writes."""
    return {name: _PLACES.get(part.type, "...") for name, part in declaration.written.items()}


def fields_of(declaration: Declaration) -> str:
    """Return the requirements of each field that step 3 writes, line by line."""
    return "\n".join(
        _field(name, part, declaration.language_said) for name, part in declaration.written.items()
    )


def _seed_lines(declaration: Declaration) -> str:
    """Return the lines about the seed for step 3, and about what was written from it before."""
    # Told to start from it, a model writes the label and a story for the seed: two sentences.
    lines = (
        "An idea that may set it apart from other rows. Use as much or as little of it as such "
        "a text would, or only what it brings to mind: $seed"
    )
    if of := declaration.seed_field:
        lines = f"The {_called(of)} is given; it is part of the row.\n{_title(of)}: $seed"
    if declaration.samples_per_seed > 1:
        lines += "\n\nWritten from it before, so write of something else:\n$earlier"
    return lines


def _refusal(declaration: Declaration, what: str = "label") -> str:
    """Return the reply with which step 3 says that a seed does not suit the label."""
    empty: Mapping[str, object] = {"list[str]": [], "int": 0}
    none = {
        name: part.values[0] if part.type == "enum" else empty.get(part.type, "")
        for name, part in declaration.written.items()
    }
    form: object = {"unsuitable": True, **none}
    if declaration.instances_per_call > 1:
        form = {"rows": [form]}
    return _REFUSAL.format(what) + json.dumps(form, ensure_ascii=False)


def default_instructions(declaration: Declaration) -> str:
    """Return instructions to solve the task, in the words of the labels' definitions."""
    if declaration.instructions:
        return declaration.instructions.strip()
    asked = [declaration.description.strip(), "Decide which label is right."]
    return "\n".join([*asked, *declaration.definitions])


class _Raw(str):
    """A text whose `$name` is filled in at each call."""

    __slots__ = ()


@cache
def _template(name: str) -> Prompt:
    return Prompt(name, package="targen_standard.task_files")


def _general(declaration: Declaration, name: str, template: str = "", **said: str) -> Prompt:
    """Return a general prompt with the file's words filled in."""
    said.setdefault("description", declaration.description.strip())
    said["language"] = declaration.language_said

    def put_in(match: re.Match[str]) -> str:
        value = said.get(match[1])
        if value is None:
            return match[0]
        return value if isinstance(value, _Raw) else _quoted(value)

    def filled(text: str) -> str:
        text = re.sub(r"\$\{?(\w+)\}?", put_in, text)
        return re.sub(r"\n{3,}", "\n\n", text)

    general = _template(template or name)
    return Prompt(name, filled(general.text))


def _quoted(text: str) -> str:
    """Return a text that is neither filled in nor read as the heading of a turn."""
    return re.sub(r"^(?=---)", " ", text.replace("$", "$$"), flags=re.MULTILINE)


def _others(declaration: Declaration, name: str) -> tuple[str, ...]:
    """The names of the other labels; of many, those that are most like its own."""
    others = [other for other in declaration.labels if other != name]
    nearest = sorted(
        others, key=lambda other: -fuzz.token_set_ratio(*map(_words_of, (name, other)))
    )
    named = {*nearest[:_NAMED]}
    return tuple(other for other in others if other in named)


def _field(name: str, part: FieldPart, language: str) -> str:
    """Return the requirements of a field, in a line."""
    description = part.description.strip().rstrip(".")
    said = []
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
        if part.pattern:
            said.append(f"matching the regular expression {part.pattern}")
        if part.has_language and not is_code(name, part):
            said.append(f"in {language}")
        if part.must_contain:
            said.append(f"with one of these in it: {_list(part.must_contain)}")
        if part.must_not_contain:
            said.append(f"without these: {_list(part.must_not_contain)}")
    rules = ", ".join(filter(None, said))
    # A sentence of its own: a description may end in a clause, which a rule would seem to go on.
    if description and rules:
        end = "" if description.endswith(("!", "?", "…", ":", ";")) else "."
        return f"- {name}: {description}{end} {rules[:1].upper()}{rules[1:]}"
    return f"- {name}: {', '.join(filter(None, [description, rules]))}"


_FORMS = {
    "prose": "whole sentences",
    "question": "ending with a question mark",
    "phrase": "a phrase, not a sentence",
    "any": "",
}


def _form(part: FieldPart) -> str:
    """Return the form and the length of a text."""
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
    low, high = pair
    if low == high:
        return f"one {what}" if high == 1 else f"{high} {what}s"
    return f"{low} to {high} {what}s"


def _list(names: Mapping[str, object] | tuple[str, ...]) -> str:
    return ", ".join(names)


def _words_of(name: str) -> str:
    return name.replace("_", " ")


def _called(field: str) -> str:
    """A field behind "the": a letter alone is no noun."""
    return f"field {field}" if len(field) == 1 else _words_of(field)


def _title(name: str) -> str:
    spaced = _words_of(name)
    return spaced[:1].upper() + spaced[1:]
