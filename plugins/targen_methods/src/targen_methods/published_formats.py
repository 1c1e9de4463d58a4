"""The formats in which the authors of other methods published their rows.

| format | paper |
|---|---|
| zerogen | Ye et al., 2022, arXiv:2202.07922 |
| progen | Ye et al., 2022, arXiv:2210.12329 |
| supergen | Meng et al., 2022, arXiv:2202.04538 |
| sungen, lstm | Gao et al., 2023, arXiv:2205.12679 |
| attrprompt | Yu et al., 2023, arXiv:2306.15895 |
| self-instruct | Wang et al., 2023, arXiv:2212.10560 |
| coda | Evuru et al., 2024, arXiv:2404.00415 |
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Row = Mapping[str, Any]

_UNSTATED = "the authors state no licence for the data"


def _unchanged(row: Row) -> Iterator[Row]:
    yield row


@dataclass(frozen=True, slots=True)
class PublishedFormat:
    """A format of published rows.

    Attributes:
        texts: the columns that may hold a text, in the order of a pair.
        label: the column of the label.
        source: where the rows are published, and the paper.
        license: of the data, by its name on hubs, or "".
        license_from: the source of the licence, or why it is unknown.
        origin: columns that the provenance keeps -> their names there.
        rows: gives the rows of a record, each with one label.
        has_entities: whether texts contain HTML entities, which are decoded.
    """

    texts: tuple[str, ...]
    label: str
    source: str
    license: str = ""
    license_from: str = _UNSTATED
    origin: Mapping[str, str] = field(default_factory=dict)
    rows: Callable[[Row], Iterator[Row]] = _unchanged
    has_entities: bool = False


def _attributed(row: Row) -> Iterator[Row]:
    """The row, its label by its number, and its attributes by their numbers."""
    label = row.get("_id")
    if isinstance(label, list) and len(label) == 1:
        label = label[0]
    apart = {"_id", "label", "text", "text_a", "text_b"}
    numbers = {name: value for name, value in row.items() if name not in apart}
    yield {**row, "_id": label, "attributes": numbers}


def _instances(row: Row) -> Iterator[Row]:
    """Yield the instances of an instruction, in any of Self-Instruct's files."""
    if isinstance(row.get("instances"), list):
        for each in row["instances"]:
            yield {**row, **each} if isinstance(each, Mapping) else {}
    elif isinstance(row.get("raw_instances"), str):
        for text, output in _parsed(row["raw_instances"]):
            yield {**row, "input": text, "output": output}
    elif isinstance(row.get("prompt"), str) and isinstance(row.get("completion"), str):
        output = row["completion"].removesuffix("<|endoftext|>")
        yield {**row, "instruction": row["prompt"], "input": "", "output": output}
    else:
        yield row


_EXAMPLE = re.compile(r"^Example\s?\d*\.?[ \t]*:?[ \t]*$", re.MULTILINE)
_CLASS = re.compile(r"^Class label:", re.MULTILINE)


def _parsed(text: str) -> Iterator[tuple[str, str]]:
    """Inputs and outputs that a model wrote as one text: output first, or one example a block."""
    if _CLASS.search(text):
        for block in _CLASS.split(text)[1:]:
            output, _, rest = block.strip().partition("\n")
            yield rest.strip(), output.strip()
        return
    for block in filter(str.strip, _EXAMPLE.split(text)):
        rest, _, output = block.partition("Output:")
        yield rest.strip().removeprefix("Input:").strip(), output.strip()


def _numbered(row: Row) -> Iterator[Row]:
    """A row of a table; some tables number their columns."""
    yield {"text": row["0"], "label": row["1"]} if row.keys() == {"0", "1"} else row


_ZEROGEN = "https://github.com/jiacheng-ye/ZeroGen, arXiv:2202.07922"

FORMATS: Mapping[str, PublishedFormat] = {
    "zerogen": PublishedFormat(
        ("C", "X"), "Y", _ZEROGEN, origin={"C": "condition", "Prompt": "prompt"}
    ),
    "progen": PublishedFormat(
        ("C", "X"),
        "Y",
        "https://github.com/HKUNLP/ProGen, arXiv:2210.12329",
        origin={"C": "condition", "Prompt": "prompt"},
    ),
    "supergen": PublishedFormat(
        ("text", "text1", "text2"),
        "label",
        "https://github.com/yumeng5/SuperGen, arXiv:2202.04538",
        license_from=f"{_UNSTATED}; in pairs, the first text is from Wikipedia (CC BY-SA) or "
        "OpenWebText",
        origin={name: name for name in ("score", "start_prompt", "conj_prompt")},
        has_entities=True,
    ),
    "sungen": PublishedFormat(
        ("text",),
        "label",
        "https://github.com/SumilerGAO/SunGen, arXiv:2205.12679",
        origin={"idx": "source_idx"},
    ),
    "lstm": PublishedFormat(("text", "premise", "hypothesis"), "label", _ZEROGEN),
    "attrprompt": PublishedFormat(
        ("text", "text_a", "text_b"),
        "_id",
        "https://huggingface.co/yyu, arXiv:2306.15895",
        license="apache-2.0",
        license_from="the cards of yyu/*-attrprompt on the Hugging Face hub",
        origin={"attributes": "attributes"},
        rows=_attributed,
    ),
    "self-instruct": PublishedFormat(
        ("instruction", "input", "output"),
        "output",
        "https://github.com/yizhongw/self-instruct, arXiv:2212.10560",
        license="apache-2.0",
        license_from="the card of yizhongw/self_instruct on the Hugging Face hub",
        origin={"id": "task", "name": "name", "instruction": "instruction"},
        rows=_instances,
    ),
    "coda": PublishedFormat(
        ("text", "text1", "text2"),
        "label",
        "https://github.com/Sreyan88/CoDa, arXiv:2404.00415",
        rows=_numbered,
    ),
}

_POSITIVE_0 = {"0": "positive", "1": "negative"}
_POSITIVE_1 = {"0": "negative", "1": "positive"}
_ENTAILMENT_0 = {"0": "entailment", "1": "not_entailment"}


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


# Read in the prompts and readers of the authors' code: the same task is numbered both ways.
KNOWN_MAPS: Mapping[str, Mapping[str, str]] = {
    "zerogen:sst-2": _POSITIVE_0,
    "zerogen:imdb": _POSITIVE_0,
    "zerogen:rte": _ENTAILMENT_0,
    "zerogen:qnli": _ENTAILMENT_0,
    "progen:sst-2": _POSITIVE_1,
    "progen:imdb": _POSITIVE_1,
    "progen:rotten_tomatoes": _POSITIVE_1,
    "progen:yelp": _POSITIVE_1,
    "progen:elec": _POSITIVE_1,
    "supergen:sst-2": _POSITIVE_1,
    "supergen:cola": {"0": "unacceptable", "1": "acceptable"},
    "supergen:rte": _same("entailment", "not_entailment"),
    "supergen:qnli": _same("entailment", "not_entailment"),
    "supergen:mnli": _same("entailment", "neutral", "contradiction"),
    "supergen:mrpc": {"0": "not_equivalent", "1": "equivalent"},
    "supergen:qqp": {"0": "not_duplicate", "1": "duplicate"},
    "sungen:imdb": _POSITIVE_0,
    "sungen:sst-2": _POSITIVE_0,
    "sungen:elec": _POSITIVE_0,
    "sungen:yelp": _POSITIVE_1,
    "sungen:subj": {"0": "objective", "1": "subjective"},
}
