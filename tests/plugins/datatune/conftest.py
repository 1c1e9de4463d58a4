"""Folders of datasets such as people have."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CARD = """---
license: cc-by-4.0
pretty_name: Shop Reviews
task_categories:
- text-classification
language: en
---
# Shop reviews

Reviews that customers of a shop wrote, each with the number of stars that they gave.
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder of three datasets: reviews with a card, orders in splits, questions."""
    folder = tmp_path / "shop"
    (folder / "orders").mkdir(parents=True)
    (folder / "talk").mkdir()
    with open(folder / "talk" / "reviews.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["review", "stars"])
        writer.writerows([f"The lamp number {at} is bright.", at % 5 + 1] for at in range(12))
    (folder / "talk" / "README.md").write_text(CARD)
    for split, rows in (("train", 6), ("test", 2)):
        lines = [json.dumps({"item": f"lamp {at}", "count": at}) for at in range(rows)]
        (folder / "orders" / f"{split}.jsonl").write_text("\n".join(lines) + "\n")
    asked = [{"question": f"Is lamp {at} in stock?", "answer": "yes"} for at in range(4)]
    (folder / "questions.json").write_text(json.dumps(asked))
    return folder


@pytest.fixture
def described() -> Callable[[Any], dict[str, Any]]:
    """What `files` says of a path: entries by their ids, and errors by the keys."""
    from targen_core.errors import DatasetUnavailable
    from targen_datatune.catalogues.files import FILES

    def describe(spec: Any) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for listed in FILES.listing(str(spec), FILES.options()):
            try:
                found.update((e.id, e) for e in FILES.describe(listed, FILES.options()))
            except DatasetUnavailable as error:
                found[listed.key] = error
        return found

    return describe
