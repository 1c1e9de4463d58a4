"""Code of a stranger's package that raises or gives what it must not is named as that package's."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ...tables import mistakes
from .hooks import registering

CODE = (Path(__file__).parent / "strangers/odd.py").read_text(encoding="utf-8")
REGISTERED = """
    tasks parcels odd_parts:TASK
    backends acme odd_parts:BACKEND
    correctors strict odd_parts:strict
    correctors judge odd_parts:JUDGE
    contexts own odd_parts:TOWNS
    filters picky odd_parts:Picky
    checks strictly odd_parts:strictly
    exporters sheet odd_parts:SHEET
"""
FILES = {
    "mail.yaml": "description: A message.\nlabels: {complaint: angry, praise: glad}\nseeds: none\n",
    "rows.jsonl": '{"text": "It is late.", "label": "complaint"}\n',
}
MAIL = "generate mail.yaml -n 2 -b scripted"
RUNS = {
    "parcels": "generate parcels -n 7 -b scripted",
    "strict": "generate rte -n 2 -b scripted --corrector strict",
    "judge": f"{MAIL} --corrector judge",
    "list": f"{MAIL} --contexts-from own",
    "filter": f"{MAIL} --no-correct --filter picky",
    "check": f"{MAIL} --no-correct --check strictly",
    "model": "generate rte -n 2 -b acme",
    "export": "export rows.jsonl --task mail.yaml --as sheet",
}


def filled(place, code):
    """The package's code with a line more in a function, or with another text in place of one."""
    if " " in place:
        assert place in CODE
        return CODE.replace(place, code)
    owner, _, name = place.rpartition(".")
    start = CODE.index(f"class {owner}") if owner else 0
    signature = rf"\n( *)((?:async )?def {name}\(.*\):)( \.\.\.)?\n"
    after, count = re.subn(signature, rf"\n\1\2\n\1    {code}\n", CODE[start:], count=1)
    assert count == 1, place
    return CODE[:start] + after


@pytest.fixture
def odd(install, targen, tmp_path):
    """Run a command beside the package, which has this code at one of its places."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)

    def run(line, place="", code=""):
        parts = filled(place, code) if place else CODE
        modules = {"odd": registering(REGISTERED), "odd_parts": parts}
        site = install("odd", "[targen.v1]\nodd = odd\n", modules)
        return targen(*RUNS.get(line, line).split(), path=[site])

    return run


@pytest.mark.parametrize(("line", "place", "code", "words"), mistakes("blamed", 4))
def test_a_package_and_its_object_are_blamed_for_what_its_code_does(
    line, place, code, words, odd, tmp_path
):
    done = odd(line, place, code)
    assert done.returncode == 1
    (said,) = [each for each in done.stderr.splitlines() if each.startswith("error")]
    assert said.startswith("error [odd]: ")
    assert words in said
    assert "report it to the authors of odd" in done.stderr
    for report in tmp_path.glob("runs/*/report.json"):
        assert json.loads(report.read_text())["status"] == "stopped"
        assert report.with_name("rejects.jsonl").read_text() == "", "and no candidate more"
    assert line not in ("parcels", "strict") or (tmp_path / "runs").exists()


BROKEN = """
from targen_core.tasks.groups import Texts
from targen_testing.sample import SAMPLE

def render(row):
    return row.nosuch

TASK = SAMPLE.replace(name="broken", texts=Texts(render=render))
"""


@pytest.mark.parametrize("form", ["openai", "instructions"])
def test_a_file_is_blamed_for_what_its_code_does(form, targen, tmp_path):
    (tmp_path / "broken.py").write_text(BROKEN)
    (tmp_path / "rows.jsonl").write_text('{"text": "It is late.", "label": "good"}\n')
    done = targen(*f"export rows.jsonl --task broken.py --as {form} --out out.jsonl".split())
    assert done.returncode == 1
    assert "error [file]: broken.py: AttributeError: 'Review' object has no" in done.stderr
    assert "in render (line 6 of " in done.stderr
    assert "try: fix broken.py" in done.stderr and "authors" not in done.stderr
