"""The README.md of a dataset folder: front matter for hubs, then the card."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from targen_core.cli.markup import markdown, markdown_code
from targen_core.dataset.kinds import Classes, Kind, Many, Scalar
from targen_core.dataset.model import Dataset
from targen_standard.reporting.card import DIGEST, NO_LICENCE, front_matter, heading, size_category
from targen_standard.splitting import together

_MOST_LABELS = 12  # columns of the table of splits

_FRONT = re.compile(r"\A---\n(.*?)^---\n", re.DOTALL | re.MULTILINE)
_FENCE = re.compile(r"^ {0,3}(`{3,})[^`\n]*\n.*?^ {0,3}\1`*[ \t]*$", re.DOTALL | re.MULTILINE)
_HTML = re.compile(r"<(?=[A-Za-z/!?])")
_IMAGE = re.compile(r"!\[")
_ODD_LINK = re.compile(  # what is neither of the web, nor a file, nor without a scheme
    r"(\][(:]\s*+)(?!https?://|[\w./#-]*+(?:[)\s]|\Z)|[^A-Za-z&\\<\x00-\x1f])[^)\s]*+"
)
_KEY = re.compile(r"^(?=[A-Za-z_])", re.MULTILINE)


def hub_card(dataset: Dataset, kinds: Mapping[str, Kind], parts: Mapping[str, Dataset]) -> str:
    """The card of a dataset in a Parquet file for each of its `parts`, by the split's name.

    Keys of the card's front matter are kept, except for those about the files. The files contain
    the types of the columns, so the front matter does not.
    """
    match = _FRONT.match(dataset.card)
    front = {part.partition(":")[0]: part for part in _KEY.split(match[1]) if part} if match else {}
    own: dict[str, Any] = {
        "pretty_name": dataset.name,
        "license": "unknown",
        "size_categories": [size_category(len(dataset.rows))],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": name, "path": f"data/{name}-*"} for name in parts],
            }
        ],
    }
    items = (kind.item if isinstance(kind, Many) else kind for kind in kinds.values())
    if any(isinstance(kind, Classes) for kind in items):
        own["task_categories"] = ["text-classification"]
    for key in ("size_categories", "configs", "dataset_info", DIGEST):
        front.pop(key, None)
    if dataset.license:
        own["license"] = dataset.license
        front.pop("license", None)
    for key, value in own.items():
        front.setdefault(key, front_matter({key: value}))
    body = dataset.card[match.end() :] if match else dataset.card
    body = _inert(body.strip()) or heading(dataset.task)
    if dataset.license:
        given = f"{markdown(dataset.license)}, chosen by the publisher of the dataset."
        body = body.replace(NO_LICENCE, given)
    body = f"{body.strip()}\n{_splits(dataset, parts)}{_columns(kinds)}"
    return f"---\n{''.join(front.values())}---\n\n{body}"


def _inert(body: str) -> str:
    """A card without HTML, images and odd links outside its code: the run may be someone else's."""
    made, end = "", 0
    for fence in _FENCE.finditer(body):
        made += _plain(body[end : fence.start()]) + fence[0]
        end = fence.end()
    return made + _plain(body[end:])


def _plain(text: str) -> str:
    return _ODD_LINK.sub(r"\1#", _IMAGE.sub("[", _HTML.sub("&lt;", text)))


def _splits(dataset: Dataset, parts: Mapping[str, Dataset]) -> str:
    """Return the rows of each label in each split; "" for a single split."""
    if len(parts) < 2:
        return ""
    labels = list(dict.fromkeys(name for part in parts.values() for name in part.labels))
    labels = labels if len(labels) <= _MOST_LABELS else []
    lines = ["", "## Splits", "", f"| split | rows |{''.join(f' {markdown(x)} |' for x in labels)}"]
    lines.append("|---|--:|" + "--:|" * len(labels))
    for name, part in parts.items():
        counts = "".join(f" {part.labels.get(label, 0):,} |" for label in labels)
        lines.append(f"| {markdown(name)} | {len(part):,} |{counts}")
    lines += ["", together(dataset), ""]
    return "\n".join(lines)


def _columns(kinds: Mapping[str, Kind]) -> str:
    """Return notes for readers of the Parquet file."""
    lines = ["", "## Columns of the Parquet file", "", "| column | type |", "|---|---|"]
    for name, kind in kinds.items():
        text = markdown(json.dumps(_words(kind), ensure_ascii=False).replace('"', ""))
        lines.append(f"| {markdown_code(name, cell=True)} | {text} |")
    lines += [
        "",
        "`README.md` and `data/` are the whole export; other files that this card names are in the",
        "run directory that the rows come from.",
        "",
    ]
    return "\n".join(lines)


def _words(kind: Kind) -> Any:
    if isinstance(kind, Scalar):
        return kind.dtype
    if isinstance(kind, Classes):
        return ", ".join(f"{number} {name}" for number, name in enumerate(kind.names))
    if isinstance(kind, Many):
        return [_words(kind.item)]
    return {name: _words(part) for name, part in kind.fields.items()}
