"""Texts that people write pass the defaults of a field."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from targen_standard.task_files.checks import check_text
from targen_standard.task_files.model import FieldPart

ROOT = Path(__file__).parents[3]
BENCH = ROOT / "bench" / "real_texts.py"
TYPED = [
    "hi\n\nmy parcel hasnt come yet\nlet me know if you can help me\n\nAna",
    "Sure, I can do that.\n\nKind regards,\nJ. Brook",
    "See https://shop.example/orders?id=12_a for the photos",
    "wheres my card??",
    "WHAT IS THE TALLEST TOWER",
    "tea",
    "- two cups\n- one (blue) lamp, $12",
    "@ana lol so true :) #monday",
    '"Never again."',
    "Note: I have asked twice already!!!",
]


@pytest.mark.parametrize("text", TYPED)
def test_what_people_type_passes(text):
    check_text(text, FieldPart(), "text", "English")


@pytest.mark.parametrize("name", runpy.run_path(str(BENCH))["SETS"])
def test_one_in_a_hundred_real_texts_is_refused_at_most(name):
    bench = runpy.run_path(str(BENCH))
    if not (folder := bench["DATA"] / name).is_dir():
        pytest.skip("the original data is not in ../shared/data")
    total, found = bench["refused"](bench["SETS"][name](folder))
    assert sum(map(len, found.values())) <= total / 100, found
