"""A revision is killed at any moment while its folder is made, and typed again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from run_files import OUTPUTS, assert_paid_once, outputs, whole_records
from saboteur import KILLS, Fault, Saboteur

MAIL = """\
name: mail
description: E-mails to a small shop.
labels:
  order: The customer asks where an order is.
  refund: The customer wants money back.
  advice: The customer asks how to use a tool.
"""
DEFINED = MAIL.replace("wants money back", "asks for money back")


@pytest.fixture(scope="module")
def place(targen: Saboteur, folder: Path) -> Path:
    (folder / "mail.yaml").write_text(MAIL)
    words = ("generate", "mail.yaml", "-n", 6, "-b", "scripted", "--no-cache", "-q")
    assert targen(*words, "--out", "mail-run").code == 0
    (folder / "mail.yaml").write_text(DEFINED)
    return folder


def kept(run: Path) -> dict[str, object]:
    manifest = json.loads((run / "manifest.json").read_text())
    return {name: manifest.get(name) for name in ("replay_of", "carried", "may_carry")}


@pytest.mark.parametrize("killed_as", ["changed", "all"])
@pytest.mark.parametrize("how", KILLS)
def test_a_killed_revision_is_taken_for_its_own_kind_alone(
    how: str, killed_as: str, targen: Saboteur, place: Path, step: int
) -> None:
    """Typed as its kind it is finished; typed as the other kind, it is not taken for that one."""
    words = ("revise", "mail-run", "--task", "mail.yaml", "-q", "--out")
    kinds = {"all": ("--judge", "all"), "changed": ("--judge", "changed")}
    other = "all" if killed_as == "changed" else "changed"
    whole = {}
    for kind, options in kinds.items():
        made = targen(*words, f"whole-{how}-{killed_as}-{kind}", *options)
        assert made.code == 0, made.err
        whole[kind] = place / f"whole-{how}-{killed_as}-{kind}"
        points = len(made.points) if kind == killed_as else 0
        if points:
            count = points
    assert kept(whole["all"]) != kept(whole["changed"])
    met = set()
    for point in range(0, count, max(1, step // 2)):
        for typed in (killed_as, other):
            shutil.rmtree(place / "new", ignore_errors=True)
            targen(*words, "new", *kinds[killed_as], fault=Fault(point, how))
            there = (place / "new" / "manifest.json").exists()
            before = whole_records(place / "new") if there else []
            done = targen(*words, "new", *kinds[typed])
            # Killed right after the move, it leaves this empty, until a revision to there is made.
            left = place / ".new.part"
            assert not left.exists() or (there and not [*left.iterdir()])
            if there and typed == other:
                assert (done.code, "new exists" in done.err) == (2, True), (point, done.err)
                assert kept(place / "new") == kept(whole[killed_as])
                continue
            assert done.code == 0, (point, done.err)
            met.add(there)
            assert kept(place / "new") == kept(whole[typed]), point
            assert outputs(place / "new") == outputs(whole[typed]), point
            assert outputs(place / "new").keys() == {*OUTPUTS}
            assert_paid_once(place / "new", before)
    assert met == {False, True}
