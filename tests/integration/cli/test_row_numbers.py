"""A row has one number, from 0, wherever people read it."""

from __future__ import annotations

import re
import types

import pytest

TASK = """
description: Short reviews of restaurants.
labels:
  positive: the guest would come back
  negative: the guest would not come back
contexts: [lunch, dinner]
"""


@pytest.mark.whole
def test_the_page_the_commands_and_the_exported_file_agree(tmp_path, in_process):
    import json

    from targen_review.page.guard import Secret
    from targen_review.rows import open_data
    from targen_review.view.catalogue import Catalogue
    from targen_review.view.likeness import Alike
    from targen_review.view.server import view_app
    from tests.plugins.review.pages import PORT, Page

    (tmp_path / "reviews.yaml").write_text(TASK)
    runs = [tmp_path / name for name in ("one", "two")]
    for seed, run in enumerate(runs):
        made = ("generate", tmp_path / "reviews.yaml", "-n", "4", "-b", "scripted")
        assert in_process(*made, "--seed", str(seed), "--no-cache", "--out", run).code == 0
    out = tmp_path / "rows.jsonl"
    assert in_process("export", runs[1], "--out", out).code == 0
    exported = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["idx"] for row in exported] == [0, 1, 2, 3]

    for command in ("show", "trace"):
        shown = in_process(command, runs[1], "3").out
        assert shown.startswith("row 3 "), command
        assert exported[3]["text"] in " ".join(shown.split()), command

    catalogue = Catalogue([open_data(run) for run in runs])
    alike = Alike(catalogue, None, "")
    secret = Secret(PORT, "view")
    app = view_app(catalogue, [open_data(run) for run in runs], alike, secret, PORT)
    page = Page(app, types.SimpleNamespace(rater="view"), secret)
    last = page.ask("/view/row/8").text
    assert re.search(r"<h1[^>]*>Row 3 of two</h1>", last), "each dataset counts from 0"
    assert exported[3]["text"] in last
    for part in (alike, catalogue):
        part.close()
