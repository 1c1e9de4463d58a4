"""Names of files in files: none that needs no trust leads out of its folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from targen_core.cli.trust import leaving, placed, reaches_out
from targen_core.origin import HUB

PARTS = st.lists(
    st.sampled_from(
        [
            "~",
            "~root",
            ".",
            "..",
            ".env",
            "a",
            "in.jsonl",
            "hf:o",
            "hf:",
            "zz:",
            "",
            " ",
            "/",
            "C:",
            "\\",
        ]
    ),
    min_size=1,
    max_size=5,
)


def opened(name: str) -> Path | None:
    """Where a reader looks for a name that is passed on; None where it asks a hub or a plugin."""
    if name.startswith(HUB):
        return None
    return Path(name).expanduser().resolve()


@example(parts=[".", "~", "private"], here=True)
@example(parts=[".", "hf:o", "b"], here=True)
@given(parts=PARTS, here=st.booleans())
def test_what_needs_no_trust_lies_in_the_folder(parts, here, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp()
    text = "/".join(parts)
    old = Path.cwd()
    os.chdir(folder)
    try:
        seen = Path() if here else folder
        if not reaches_out(seen, text):
            place = placed(seen, text)
            below = opened(place).relative_to(folder.resolve())
            assert not any(part.startswith(".") for part in below.parts), text
            assert Path(place).is_absolute() or not place.startswith(("~", HUB)), text
    finally:
        os.chdir(old)


@pytest.mark.parametrize(
    "text", ["~/private", "hf:a/b", "zz:x", "../x", "/etc/passwd", "a/../../b", ".env", "a/.git/x"]
)
def test_what_leads_out_is_told(text, tmp_path):
    assert leaving(tmp_path, {"data": text}) == {"data": text}
