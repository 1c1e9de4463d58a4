"""Folders from strangers that a command continues: no link in them leads out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ...files import write_lines
from ...tables import table

pytestmark = pytest.mark.whole  # these commands are of plugins

EXPERIMENT = """
task = "rte"
test = ["test.jsonl"]
arms = {a = ["train.jsonl"], b = ["train.jsonl"]}
"""
METHODS = "compare-methods rte --data a=rows.jsonl --data b=rows.jsonl -n 2 -b scripted"
LINKED = f"""
    compare strange/experiment.toml --out strange | strange/results.json | thesis.txt
    compare strange/experiment.toml --out strange | strange/cells |
    {METHODS} --out methods | methods/results.md | thesis.txt
    {METHODS} --out methods | methods/judged |
    train rows.jsonl --task rte --out m | .m.training/training.json | thesis.txt
    train rows.jsonl --task rte --out m | .m.training |
    analyze rows.jsonl --task rte --metric labels --out a --force | a/analysis.json | thesis.txt
    analyze rows.jsonl --task rte --metric labels --out a --force | a/rows |
    reweigh rows.jsonl --task rte --by influence --force --out w | w |
    review rows.jsonl --task rte --out rev --as me --no-open | rev/review.json | thesis.txt
"""


@pytest.mark.parametrize(("line", "link", "name"), table(LINKED))
def test_a_command_stays_in_its_folder(line, link, name, targen):
    said = (("A dog moved.", "entailment"), ("A cat slept.", "not_entailment"))
    rows = [
        {"premise": "A dog ran.", "hypothesis": text, "label": label, "idx": at}
        for at, (text, label) in enumerate(said * 24)
    ]
    for path in ("strange/train.jsonl", "strange/test.jsonl", "rows.jsonl"):
        write_lines(Path(path), rows)
    Path("strange/experiment.toml").write_text(EXPERIMENT)
    Path("methods").mkdir()
    Path("methods/asked.json").write_text(json.dumps({}))
    home = Path("home").resolve()
    home.mkdir()
    (home / "thesis.txt").write_text("the only copy\n")
    Path(link).parent.mkdir(exist_ok=True)
    Path(link).symlink_to(home / name)
    done = targen(line)
    assert done.code in (1, 2)
    assert link in done.err
    assert [(path.name, path.read_text()) for path in home.iterdir()] == [
        ("thesis.txt", "the only copy\n")
    ]
