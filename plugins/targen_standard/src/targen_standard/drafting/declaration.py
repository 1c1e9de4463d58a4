"""Drafts of declarations, written by a language model for a person to read."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import Any

import yaml
from pydantic import BaseModel

from targen_core.errors import Rejected, UsageError
from targen_core.plugins.registry import Registry
from targen_core.tasks.parts import DryRunCall
from targen_core.tasks.prompt import Prompt
from targen_core.tasks.replies import line
from targen_standard.single import Question
from targen_standard.task_files.model import Declaration

DRAFT_PROMPT = Prompt("draft", package="targen_standard.drafting")


class _DraftField(BaseModel):
    name: line(2, 30)  # type: ignore[valid-type]
    description: line(5, 200)  # type: ignore[valid-type]
    least_words: int
    most_words: int


class _DraftLabel(BaseModel):
    name: line(2, 40)  # type: ignore[valid-type]
    definition: line(10, 300)  # type: ignore[valid-type]
    guidance: line(0, 300)  # type: ignore[valid-type]


class _DraftDimension(BaseModel):
    name: line(2, 30)  # type: ignore[valid-type]
    values: list[str]


class _DraftSample(BaseModel):
    texts: list[str]
    output: str
    actual: str
    explanation: line(20, 240)  # type: ignore[valid-type]


class DraftReply(BaseModel):
    """The reply: a declaration in a form that every provider's schemas allow."""

    name: line(3, 40)  # type: ignore[valid-type]
    summary: line(10, 100)  # type: ignore[valid-type]
    description: line(40, 600)  # type: ignore[valid-type]
    language: line(2, 30)  # type: ignore[valid-type]
    fields: list[_DraftField]
    labels: list[_DraftLabel]
    output: line(0, 4000)  # type: ignore[valid-type]
    seed_field: line(0, 30)  # type: ignore[valid-type]
    contexts: line(5, 200)  # type: ignore[valid-type]
    seeds: line(5, 200)  # type: ignore[valid-type]
    dimensions: list[_DraftDimension]
    samples: list[_DraftSample]


def blank() -> str:
    """A declaration to fill in, with comments."""
    return (files("targen_standard.task_files") / "blank.yaml").read_text(encoding="utf-8")


def _outputs(registry: Registry) -> str:
    """Return the kinds of output that are installed, each with its keys, for the prompt."""
    kinds = []
    for item in registry.all("output"):
        kind = registry.resolve(item)
        keys = [f'"{name}": {field.description}' for name, field in kind.spec.model_fields.items()]
        kinds.append(f"  - {kind.summary}; keys: {'; '.join(keys)}")
    return "\n".join(kinds) or "  - none is installed: the text is empty, and rows have labels"


def declared(reply: DraftReply) -> Declaration:
    """The declaration of a draft, found to make a task.

    Raises:
        Rejected: `bad-draft`, in words that the model can act on.
    """
    names = [re.sub(r"\W+", "_", field.name.strip().lower()) for field in reply.fields]
    output = _output(reply.output)
    names_of_labels = {label.name for label in reply.labels}
    if output is None and len(names_of_labels) < max(2, len(reply.labels)):
        raise Rejected("bad-draft", "labels: two or more are needed, each with its own name")
    if len(set(names)) < max(1, len(names)):
        raise Rejected("bad-draft", "fields: each needs its own name")
    for sample in reply.samples:
        if len(sample.texts) != len(names):
            raise Rejected(
                "bad-draft", f"samples: texts must hold {len(names)}: {', '.join(names)}"
            )
    seeds: dict[str, Any] = {"description": reply.seeds}
    if reply.seed_field:
        seeds["field"] = re.sub(r"\W+", "_", reply.seed_field.strip().lower())
    value: dict[str, Any] = {
        "draft": True,
        "name": re.sub(r"[^a-z0-9]+", "-", reply.name.lower()).strip("-"),
        "summary": reply.summary,
        "description": reply.description,
        "language": reply.language or "English",
        "fields": {
            name: {
                "description": field.description,
                "words": [max(1, field.least_words), max(1, field.most_words)],
            }
            for name, field in zip(names, reply.fields, strict=True)
        },
        "presets": {"small": 20},
    }
    if output is not None or reply.seed_field:  # otherwise targen writes contrast sets
        value |= {
            "contexts": reply.contexts,
            "seeds": seeds,
            "dimensions": {
                re.sub(r"[^\w -]+", " ", one.name).strip().lower(): _values(one.values)
                for one in reply.dimensions
            },
        }
    if output is not None:
        value["output"] = output
    else:
        value["labels"] = {
            label.name: {"definition": label.definition, "guidance": label.guidance}
            for label in reply.labels
        }
        if reply.seed_field:
            value["samples"] = [
                {
                    "input": dict(zip(names, sample.texts, strict=True)),
                    "output": sample.output,
                    "actual": sample.actual,
                    "explanation": sample.explanation,
                }
                for sample in reply.samples
            ]
    try:
        declaration = Declaration.model_validate(value)
        declaration.task()
    except UsageError as error:
        raise Rejected("bad-draft", str(error)) from None
    return declaration


def _output(text: str) -> dict[str, Any] | None:
    """Return the value of the key `output:`; None if rows have one label each.

    Raises:
        Rejected: `bad-draft`: it is not an object of JSON.
    """
    if not text.strip():
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Rejected("bad-draft", f"output: it is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise Rejected("bad-draft", "output: it is not an object with keys")
    return value


def _values(texts: list[str]) -> list[str]:
    """Values of a dimension, each in one line and once."""
    return list(dict.fromkeys(" ".join(text.split()) for text in texts if text.strip()))


_NUMBERS = re.compile(r"(words|per_row):\n +- (\d+)\n +- (\d+)")
_HEADS = {
    "draft": "Read all of this, correct what is wrong, and then remove this line.",
    "description": "Describe one row. The model reads this in each step.",
    "fields": "The texts of a row, with the minimum and maximum number of words in each.",
    "labels": "Would two people who read these definitions always agree?",
    "output": "The meaning of a row's label. Would two people who read this always agree?",
    "contexts": "Step 1: the contexts that rows are spread across.",
    "seeds": "Step 2: what each row starts from. Can the same seed be used for every label?",
    "dimensions": "Traits that vary from row to row, drawn by code. Does any give away a label?",
    "samples": "Step 4: judged samples. Are the actual labels right?",
    "presets": "Named sets of row counts for --preset: rows per label.",
}
_ORDER = (
    "draft name summary language description fields labels output contexts seeds dimensions "
    "samples presets"
).split()


def written(declaration: Declaration) -> str:
    """A declaration as YAML, with a comment above each part."""
    value = declaration.model_dump(mode="json", exclude_defaults=True)
    for key in ("contexts", "seeds"):  # a text is its description
        if key in value and value[key].keys() == {"description"}:
            value[key] = value[key]["description"]
    if declaration.output is not None:
        del value["labels"]  # which follow from it
    for name, label in value.get("labels", {}).items():
        if label.keys() == {"definition"}:
            value["labels"][name] = label["definition"]
    if len(declaration.fields) == 1:
        for sample in value.get("samples", ()):
            (sample["input"],) = sample["input"].values()
    parts = []
    for key in _ORDER:
        if key not in value:
            continue
        text = yaml.safe_dump(
            {key: value[key]}, allow_unicode=True, sort_keys=False, width=88
        ).rstrip()
        text = _NUMBERS.sub(r"\1: [\2, \3]", text)
        parts.append(f"# {_HEADS[key]}\n{text}\n" if key in _HEADS else f"{text}\n")
    return "\n".join(parts)


def drafting(registry: Registry, description: str) -> Question[DraftReply]:
    """Return the call that drafts a task from its `description`.

    A draft that makes no task is sent back once, with what is wrong.
    """
    blank = "targen init-task --blank"
    return Question(
        name="draft",
        prompt=DRAFT_PROMPT,
        values={"wanted": description.strip(), "outputs": _outputs(registry)},
        reply=DraftReply,
        parameters={"temperature": 0.3, "max_tokens": 6000},
        dry_run=_dry_run,
        unusable="the model's draft is not a valid task",
        hint="try a different model, or: " + blank,
        instead="write the file yourself: " + blank,
        check=_usable,
    )


def _usable(reply: DraftReply) -> None:
    declared(reply)


def _dry_run(call: DryRunCall) -> Any:
    """Return a draft without a model: it has the right form and two meaningless labels."""
    description = " ".join(str(call.values["wanted"]).split())
    labels = ("first", "second")
    return {
        "name": "dry-run-task",
        "summary": description[:80],
        "description": description,
        "language": "English",
        "fields": [{"name": "text", "description": "the text", "least_words": 5, "most_words": 40}],
        "labels": [
            {"name": name, "definition": f"texts of the {name} kind", "guidance": ""}
            for name in labels
        ],
        "output": "",
        "seed_field": "",
        "contexts": "settings that such texts come from",
        "seeds": "a concrete situation, with its people and place",
        "dimensions": [
            {"name": "length", "values": ["one sentence", "two sentences", "three sentences"]},
            {"name": "tone", "values": ["plain", "friendly", "formal"]},
        ],
        "samples": [
            {
                "texts": [f"A made-up text of the {actual} kind, claimed to be {claimed}."],
                "output": claimed,
                "actual": actual,
                "explanation": f"It is of the {actual} kind.",
            }
            for claimed in labels
            for actual in labels
        ],
    }
