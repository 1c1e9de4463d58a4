"""The folder for `datasets`: loaded, typed and read back by the library itself."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from targen_core import Label
from targen_standard.exporting.hub import HF

TRUTH = (Label("true", True), Label("false", False))


class Row(BaseModel):
    """A row with everything in it."""

    text: str
    passage: dict[str, Any] = {}
    answers: list[str] = []
    version: float = 1.1
    idx: int
    label: Any = None


ADA = {"text": "Ada saw Bo.", "entities": [{"start": 0, "end": 2}]}
BO = {"text": "No one.", "entities": []}
QUOTE = "a “quote”,\nand a second line"
NESTED = [
    {"text": QUOTE, "passage": ADA, "answers": [], "version": 1, "label": True, "idx": 0},
    {"text": "", "passage": BO, "answers": ["é", "x"], "version": 1.5, "label": False, "idx": 1},
]


def card_of(out):
    """What a folder's README.md says in front, and below that."""
    _, front, text = (out / "README.md").read_text().split("---\n", 2)
    return yaml.safe_load(front), text


def test_the_card_says_what_the_file_holds(dataset, tmp_path):
    card = (
        "---\npretty_name: mine\nlicense: mit\ntags:\n- synthetic\nconfigs:\n"
        "- config_name: default\n  data_files:\n  - split: train\n    path: dataset.jsonl\n"
        "size_categories:\n- n>1M\n---\n\n# Mine\n\nAll about it.\n"
    )
    HF.write(dataset(NESTED, *TRUTH, rows={"schema": Row}, card=card), tmp_path / "out")
    front, text = card_of(tmp_path / "out")
    files = [{"split": "train", "path": "data/train-*"}]
    assert front == {
        "pretty_name": "mine",
        "license": "mit",
        "tags": ["synthetic"],
        "size_categories": ["n<1K"],
        "task_categories": ["text-classification"],
        "configs": [{"config_name": "default", "data_files": files}],
    }
    assert "# Mine\n\nAll about it.\n\n## Columns" in text
    assert "| `label` | 0 false, 1 true |" in text
    assert "| `passage` | {text: string, entities: [{start: int64, end: int64}]} |" in text


@pytest.mark.parametrize(
    ("body", "made"),
    [
        ("a <script>x</script> b", "a &lt;script>x&lt;/script> b"),
        ("a `<b>` and \\`<i>\\` < 3", "a `&lt;b>` and \\`&lt;i>\\` < 3"),
        ("```a`b\n<b>\n```", "```a`b\n&lt;b>\n```"),
        ("```\n<b>", "```\n&lt;b>"),
        ("````\n```\n<b>\n````\n<i>", "````\n```\n<b>\n````\n&lt;i>"),
        ("![x](https://a/b.png)", "[x](https://a/b.png)"),
        ("[x](java&#115;cript:run) [y](https://a)", "[x](#) [y](https://a)"),
        ("> [x]: data:text/html,a", "> [x]: #"),
        ("[x](< javascript:run>)", "[x](# javascript:run>)"),
        ("[x]() [y](#a) [z](data/a.md)", "[x]() [y](#a) [z](data/a.md)"),
    ],
)
def test_a_card_from_someone_else_has_no_markup_that_acts(body, made, dataset, tmp_path):
    HF.write(dataset([{"text": "a", "idx": 0}], card=body), tmp_path / "out")
    assert f"\n{made}\n\n## Columns" in card_of(tmp_path / "out")[1]
