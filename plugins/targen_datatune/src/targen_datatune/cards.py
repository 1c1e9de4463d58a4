"""Dataset cards: what their YAML says, and their first words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from targen_core.cli.licenses import folded
from targen_core.reading.typed import yaml_of
from targen_core.reading.values import Malformed
from targen_datatune.licenses import normal

_FRONT = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_LONGEST = 2000  # characters of a description
_READ = 20_000  # of a card: some are made to take long
_SHORTEST = 25  # of a paragraph that says something
# Comments, code, images, tags. An unclosed one extends to the end of the card, and no other may be
# long: otherwise each of many openings would search the whole rest for its end.
_NOISE = re.compile(
    r"<!--.*?(?:-->|\Z)|```.*?(?:```|\Z)|!\[[^\]]{0,500}\]\([^)]{0,500}\)|<[^>]{1,500}>",
    re.DOTALL,
)
_LINK = re.compile(r"\[([^\[\]]{1,500})\]\([^)]{0,500}\)")
_LEFT = re.compile(
    r"^(?:#+\s.*|[-=|:\s]+|\|.*\||\[?more information needed\]?\.?|"
    r"\W*(?:homepage|repository|paper|leaderboard|point of contact|curated by|funded by|"
    r"shared by)\b.*|[-*]\s*\[[^\]]*\]\(#[^)]*\))$",
    re.IGNORECASE,
)
_FIELDS = ("tags", "task_categories", "task_ids", "language", "size_categories")


@dataclass(frozen=True, slots=True)
class Card:
    """The content of a dataset card.

    Attributes:
        name: `pretty_name`, or "".
        description: its first paragraphs, without headings, code and tables.
        license: in one spelling; several that all hold are joined by " and ".
        tags: those of its YAML, with task categories and languages.
    """

    name: str = ""
    description: str = ""
    license: str = ""
    tags: tuple[str, ...] = ()


def read_card(text: str) -> Card:
    """Read a card; unreadable YAML counts as empty."""
    front = _FRONT.match(text)
    said: Any = None
    if front is not None:
        try:
            said = yaml_of(front[1])
        except Malformed:
            said = None
    data = said if isinstance(said, Mapping) else {}
    name = data.get("pretty_name")
    return Card(
        name.strip() if isinstance(name, str) else "",
        _words(text[front.end() :] if front is not None else text),
        license_of(data.get("license"), data.get("license_name")),
        tags_of(data),
    )


def license_of(said: Any, name: Any = None) -> str:
    """One licence of what a card's YAML says: a text, or a list of them.

    `name` is what the YAML calls the licence `other`.
    """
    several = said if isinstance(said, list) else [said]
    several = [name if _is_text(each) and folded(each) == "other" else each for each in several]
    return " and ".join(dict.fromkeys(filter(None, map(normal, filter(_is_text, several)))))


def tags_of(data: Mapping[str, Any]) -> tuple[str, ...]:
    """The tags that a card's YAML says."""
    tags: dict[str, None] = {}
    for field in _FIELDS:
        value = data.get(field)
        for tag in value if isinstance(value, list) else [value]:
            if isinstance(tag, str) and tag.strip():
                tags[tag.strip() if field != "language" else f"language:{tag.strip()}"] = None
    return tuple(tags)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _words(body: str) -> str:
    body = _LINK.sub(r"\1", _NOISE.sub(" ", body[:_READ]))
    paragraphs, taken = [], 0
    for block in re.split(r"\n\s*\n", body):
        lines = [line.strip() for line in block.splitlines()]
        text = " ".join(line for line in lines if line and not _LEFT.match(line))
        text = re.sub(r"[*_`]{1,3}(?=\S)|(?<=\S)[*`]{1,3}", "", " ".join(text.split()))
        if len(text) < _SHORTEST:
            continue
        paragraphs.append(text)
        taken += len(text)
        if taken > _LONGEST:
            break
    return " ".join(paragraphs)[:_LONGEST].strip()
