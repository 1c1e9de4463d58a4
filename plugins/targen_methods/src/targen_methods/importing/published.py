"""The forms in which methods' authors published their rows, and their sources.

| form | as written by |
|---|---|
| zerogen | Ye et al., 2022, arXiv:2202.07922 (github.com/jiacheng-ye/ZeroGen) |
| progen | Ye et al., 2022, arXiv:2210.12329 (github.com/HKUNLP/ProGen) |
| supergen | Meng et al., 2022, arXiv:2202.04538 (github.com/yumeng5/SuperGen) |
| sungen | Gao et al., 2023, arXiv:2205.12679 (github.com/SumilerGAO/SunGen) |
| lstm | what ZeroGen's and SunGen's small models read |
| attrprompt | Yu et al., 2023, arXiv:2306.15895 (github.com/yueyu1030/AttrPrompt) |
| self-instruct | Wang et al., 2023, arXiv:2212.10560 (github.com/yizhongw/self-instruct) |
| coda | Evuru et al., 2024, arXiv:2404.00415 (github.com/Sreyan88/CoDa) |
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]

UNSTATED = "the authors state no licence for the data"


def _itself(row: Row) -> Iterator[Row]:
    yield row


def _nothing(row: Row) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Published:
    """A form of published rows.

    Attributes:
        name: as typed.
        summary: whose rows, in one line.
        keys: the columns that identify its rows, in each of its variants.
        texts: the columns that may hold a text, in the order of a pair.
        label: the columns that may hold the label; the first that a row has does.
        source: where it is published, and the paper.
        license: of the data, by its name on hubs, or "".
        license_from: the source of this, or why it is unknown.
        empty: columns that may be empty.
        unlabeled: the value of a row without a label.
        rows: a published row as rows of one label; one that nests several gives all of them.
        origin: values for the provenance, except the label and its place.
    """

    name: str
    summary: str
    keys: tuple[frozenset[str], ...]
    texts: tuple[str, ...]
    label: tuple[str, ...]
    source: str
    license: str = ""
    license_from: str = UNSTATED
    empty: Collection[str] = ()
    unlabeled: str | None = None
    rows: Callable[[Row], Iterator[Row]] = _itself
    origin: Callable[[Row], dict[str, Any]] = _nothing

    def is_of(self, columns: Collection[str]) -> bool:
        """Return whether a row with these columns may be one of this form."""
        return any(keys <= set(columns) for keys in self.keys)

    @property
    def described(self) -> str:
        """Its columns, for people: `C, X, Y` or `text, label`."""
        return " or ".join(", ".join(sorted(keys)) for keys in self.keys)


@dataclass(frozen=True, slots=True)
class Preset:
    """The meanings of a published file's labels, and its text columns.

    Attributes:
        labels: the label as the file has it -> its name.
        texts: the columns that go to the task's texts, in order; () where tasks have them in
            either order, as question and passage.
    """

    labels: Mapping[str, str]
    texts: tuple[str, ...] = ()


def _some(**names: str) -> Callable[[Row], dict[str, Any]]:
    """Columns to keep, under another name, if they hold something."""

    def kept(row: Row) -> dict[str, Any]:
        return {name: row[key] for name, key in names.items() if row.get(key) not in (None, "")}

    return kept


_TEXTS = frozenset({"text", "text1", "text2", "text_a", "text_b"})


def _attributes(row: Row) -> dict[str, Any]:
    """The value that was drawn of each attribute, by its number in the attribute's list."""
    numbers = {
        name: value
        for name, value in row.items()
        if name not in ("_id", "label", "text", "text_a", "text_b") and type(value) is int
    }
    return {"attributes": numbers} if numbers else {}


def _multi_class(row: Row) -> Iterator[Row]:
    """A row whose label is a list, with its one label; of several it keeps the list."""
    lists = {n: v[0] for n in ("label", "_id") if isinstance(v := row.get(n), list) and len(v) == 1}
    yield {**row, **lists}


def _instances(row: Row) -> Iterator[Row]:
    """Yield the instances of an instruction, in any of the files."""
    if isinstance(row.get("instances"), list):
        for each in row["instances"]:
            yield {**row, **each} if isinstance(each, Mapping) else {}
    elif isinstance(row.get("raw_instances"), str):
        for given, output in _written(row["raw_instances"]):
            yield {**row, "input": given, "output": output}
    elif isinstance(row.get("prompt"), str) and isinstance(row.get("completion"), str):
        output = row["completion"].removesuffix("<|endoftext|>")
        yield {**row, "instruction": row["prompt"], "input": "", "output": output}
    else:
        yield row


def _numbered(row: Row) -> Iterator[Row]:
    """A row of a table; some number their columns."""
    yield {"text": row["0"], "label": row["1"]} if row.keys() == {"0", "1"} else row


_EXAMPLE = re.compile(r"^Example\s?\d*\.?[ \t]*:?[ \t]*$", re.MULTILINE)
_CLASS = re.compile(r"^Class label:", re.MULTILINE)


def _written(text: str) -> Iterator[tuple[str, str]]:
    """Inputs and outputs that a model wrote as one text: output first, or one example a block."""
    if _CLASS.search(text):
        for block in _CLASS.split(text)[1:]:
            output, _, given = block.strip().partition("\n")
            yield given.strip(), output.strip()
        return
    for block in filter(str.strip, _EXAMPLE.split(text)):
        given, _, output = block.partition("Output:")
        yield given.strip().removeprefix("Input:").strip(), output.strip()


_CXY = (frozenset({"C", "X", "Y"}),)
_GITHUB = "https://github.com"

_ALL = (
    Published(
        "zerogen",
        "ZeroGen's TASK-dataset.jsonl: a condition C, a text X, a label Y",
        _CXY,
        ("C", "X"),
        ("Y",),
        f"{_GITHUB}/jiacheng-ye/ZeroGen, arXiv:2202.07922",
        origin=_some(condition="C", prompt="Prompt"),
    ),
    Published(
        "progen",
        "ProGen's TASK-dataset.jsonl: like ZeroGen's, with or without the Prompt",
        _CXY,
        ("C", "X"),
        ("Y",),
        f"{_GITHUB}/HKUNLP/ProGen, arXiv:2210.12329",
        origin=_some(condition="C", prompt="Prompt"),
    ),
    Published(
        "supergen",
        "SuperGen's train.json: one list of texts or pairs, each with a score",
        (
            frozenset({"text", "label", "start_prompt"}),
            frozenset({"text", "label", "score"}),
            frozenset({"text1", "text2", "label", "start_prompt"}),
            frozenset({"text1", "text2", "label", "score"}),
        ),
        ("text", "text1", "text2"),
        ("label",),
        f"{_GITHUB}/yumeng5/SuperGen, arXiv:2202.04538",
        license_from=(
            f"{UNSTATED}; in pairs, the first text is from Wikipedia (CC BY-SA) or OpenWebText"
        ),
        origin=_some(score="score", start_prompt="start_prompt", conj_prompt="conj_prompt"),
    ),
    Published(
        "sungen",
        "SunGen's train.jsonl: a text and a label for each idx",
        (frozenset({"idx", "text", "label"}),),
        ("text",),
        ("label",),
        f"{_GITHUB}/SumilerGAO/SunGen, arXiv:2205.12679",
        unlabeled="-",
        origin=_some(source_idx="idx"),
    ),
    Published(
        "lstm",
        "format of ZeroGen's and SunGen's LSTMs: a label, and a text or a premise and hypothesis",
        (frozenset({"text", "label"}), frozenset({"premise", "hypothesis", "label"})),
        ("text", "premise", "hypothesis"),
        ("label",),
        f"{_GITHUB}/jiacheng-ye/ZeroGen, arXiv:2202.07922",
        unlabeled="-",
    ),
    Published(
        "attrprompt",
        "AttrPrompt's attrprompt-v1.jsonl and simprompt.jsonl, with its label.txt",
        (frozenset({"_id", "text"}), frozenset({"_id", "text_a", "text_b"})),
        ("text", "text_a", "text_b"),
        ("_id", "label"),
        "https://huggingface.co/yyu, arXiv:2306.15895",
        license="apache-2.0",
        license_from="the cards of yyu/*-attrprompt on the Hugging Face hub",
        rows=_multi_class,
        origin=_attributes,
    ),
    Published(
        "self-instruct",
        "Self-Instruct's seed_tasks, all_instances_82K, machine_generated_instances, finetuning",
        (
            frozenset({"instruction", "instances"}),
            frozenset({"instruction", "input", "output"}),
            frozenset({"instruction", "raw_instances"}),
            frozenset({"prompt", "completion"}),
        ),
        ("instruction", "input", "output"),
        ("output",),
        f"{_GITHUB}/yizhongw/self-instruct, arXiv:2212.10560",
        license="apache-2.0",
        license_from="the card of yizhongw/self_instruct on the Hugging Face hub",
        empty=("input",),
        rows=_instances,
        origin=_some(
            task="id", name="name", instruction="instruction", similarity="avg_similarity_score"
        ),
    ),
    Published(
        "coda",
        "CoDa's tables of texts or pairs, both given and generated",
        (
            frozenset({"text", "label"}),
            frozenset({"text1", "text2", "label"}),
            frozenset({"0", "1"}),
        ),
        ("text", "text1", "text2"),
        ("label",),
        f"{_GITHUB}/Sreyan88/CoDa, arXiv:2404.00415",
        rows=_numbered,
    ),
)

FORMS: Mapping[str, Published] = {form.name: form for form in _ALL}

_POSITIVE_0 = {"0": "positive", "1": "negative"}
_POSITIVE_1 = {"0": "negative", "1": "positive"}
_ENTAILMENT_0 = {"0": "entailment", "1": "not_entailment"}
_ENTAILMENT = {name: name for name in ("entailment", "not_entailment")}

# Read in the prompts and readers of the authors' code: the same task is numbered both ways.
PRESETS: Mapping[str, Preset] = {
    "zerogen:sst-2": Preset(_POSITIVE_0, ("X",)),
    "zerogen:imdb": Preset(_POSITIVE_0, ("X",)),
    "zerogen:rte": Preset(_ENTAILMENT_0, ("C", "X")),
    "zerogen:qnli": Preset(_ENTAILMENT_0),
    "progen:sst-2": Preset(_POSITIVE_1, ("X",)),
    "progen:imdb": Preset(_POSITIVE_1, ("X",)),
    "progen:rotten_tomatoes": Preset(_POSITIVE_1, ("X",)),
    "progen:yelp": Preset(_POSITIVE_1, ("X",)),
    "progen:elec": Preset(_POSITIVE_1, ("X",)),
    "supergen:sst-2": Preset(_POSITIVE_1, ("text",)),
    "supergen:cola": Preset({"0": "unacceptable", "1": "acceptable"}, ("text",)),
    "supergen:rte": Preset(_ENTAILMENT, ("text1", "text2")),
    "supergen:qnli": Preset(_ENTAILMENT),
    "supergen:mnli": Preset(
        {name: name for name in ("entailment", "neutral", "contradiction")}, ("text1", "text2")
    ),
    "supergen:mrpc": Preset({"0": "not_equivalent", "1": "equivalent"}, ("text1", "text2")),
    "supergen:qqp": Preset({"0": "not_duplicate", "1": "duplicate"}, ("text1", "text2")),
    "sungen:imdb": Preset(_POSITIVE_0, ("text",)),
    "sungen:sst-2": Preset(_POSITIVE_0, ("text",)),
    "sungen:elec": Preset(_POSITIVE_0, ("text",)),
    "sungen:yelp": Preset(_POSITIVE_1, ("text",)),
    "sungen:subj": Preset({"0": "objective", "1": "subjective"}, ("text",)),
}


def looks_like(columns: Collection[str]) -> str:
    """The form that a row with these columns is likely of, or ""."""
    fitting = [form for form in _ALL if form.is_of(columns)]
    if not fitting:
        return ""
    if "Prompt" in columns:
        return "progen"
    # Of those that fit, the one that knows most of the columns.
    return max(fitting, key=lambda form: max(len(k) for k in form.keys if k <= set(columns))).name
