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
contexts: occasions
labels:
  order: The customer asks where an order is.
  refund: The customer wants money back.
  advice: The customer asks how to use a tool.
"""
DEFINED = MAIL.replace("wants money back", "asks for money back")


WORDS = ("revise", "mail-run", "--task", "mail.yaml", "-q", "--out")
KINDS = {"all": ("--judge", "all"), "changed": ("--judge", "changed")}
FOLDERS = ("new", ".new.part")
"""What a revision to `new` makes."""

TRIED = [(how, kind) for kind in KINDS for how in KILLS]


@pytest.fixture(scope="module")
def place(targen: Saboteur, folder: Path) -> Path:
    (folder / "mail.yaml").write_text(MAIL)
    words = ("generate", "mail.yaml", "-n", 2, "-b", "scripted", "--no-cache", "-q")
    targen.works(*words, "--out", "mail-run")
    (folder / "mail.yaml").write_text(DEFINED)
    return folder


@pytest.fixture(scope="module")
def points(targen: Saboteur, place: Path) -> dict[str, int]:
    """How many moments a revision of each kind has; `whole-KIND` is one that nothing stops."""
    count = {}
    for kind, options in KINDS.items():
        made = targen.works(*WORDS, f"whole-{kind}", *options)
        count[kind] = len(made.points)
    assert kept(place / "whole-all") != kept(place / "whole-changed")
    return count


def kept(run: Path) -> dict[str, object]:
    manifest = json.loads((run / "manifest.json").read_text())
    return {name: manifest.get(name) for name in ("replay_of", "kept", "revision")}


def laid(from_: Path, to: Path) -> None:
    """Have what a revision made in one folder in another, and nothing else."""
    for name in FOLDERS:
        shutil.rmtree(to / name, ignore_errors=True)
        if (from_ / name).exists():
            shutil.copytree(from_ / name, to / name)


@pytest.mark.parametrize(("how", "killed_as"), TRIED)
def test_a_killed_revision_is_taken_for_its_own_kind_alone(
    how: str, killed_as: str, targen: Saboteur, place: Path, points: dict[str, int], step: int
) -> None:
    """Typed as its kind it is finished; typed as the other kind, it is not taken for that one."""
    first = TRIED.index((how, killed_as)) * step // len(TRIED)  # together they meet many moments
    killed, met = place / "killed", set()
    for point in range(first, points[killed_as], step):
        laid(place / "nothing", place)
        targen(*WORDS, "new", *KINDS[killed_as], fault=Fault(point, how))
        laid(place, killed)
        for typed in KINDS:
            laid(killed, place)
            there = (place / "new" / "manifest.json").exists()
            before = whole_records(place / "new") if there else []
            done = targen(*WORDS, "new", *KINDS[typed])
            # Killed right after the move, it leaves this empty, until a revision to there is made.
            left = place / ".new.part"
            assert not left.exists() or (there and not [*left.iterdir()])
            if there and typed != killed_as:
                assert (done.code, "new exists" in done.err) == (2, True), (point, done.err)
                assert kept(place / "new") == kept(place / f"whole-{killed_as}")
                continue
            assert done.code == 0, (point, done.err)
            met.add(there)
            new, whole = place / "new", place / f"whole-{typed}"
            assert (kept(new), outputs(new)) == (kept(whole), outputs(whole)), point
            assert outputs(new).keys() == {*OUTPUTS}
            assert_paid_once(place / "new", before)
    assert met
