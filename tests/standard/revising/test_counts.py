"""A reply counts once, however often it was taken over."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from ...runs import journal, report
from .mail import DEFINED, MAIL

LESS = ("--judge", "changed", "--no-rewrite", "-q")


def by_place(run: str, *names: str) -> Counter[tuple[str, str | None]]:
    """How many calls a run has, by step and label."""
    found: Counter[tuple[str, str | None]] = Counter()
    for of in report(run)["usage"]["by_step"]:
        found[of["step"], of["label"]] += sum(of[name] for name in names)
    return found


def test_what_is_taken_over_again_and_again_is_counted_once(targen, works):
    Path("0.yaml").write_text(MAIL)
    model = ("-b", "scripted", "--no-cache", "-q")
    works("generate", "0.yaml", "-n", 12, *model, "--out", "run0")
    for number, text in enumerate((DEFINED, DEFINED.replace("unhappy", "cross")), 1):
        old, new = f"run{number - 1}", f"run{number}"
        Path(f"{number}.yaml").write_text(text)
        words = ("revise", old, "--task", f"{number}.yaml", *LESS, "--out", new)
        works(*words)
        has = by_place(old, "calls", "cached", "copied")
        assert by_place(new, "copied") == has
        taken = [record for record in journal(new) if "carried" in record]
        originals = {record["key"] for record in journal(new) if "carried" not in record}
        assert {record["carried"] for record in taken} <= originals
        assert len(taken) == len({record["key"] for record in taken}) <= len({*originals})
        assert len({record["place"] for record in taken}) == len(taken)
        (note,) = (each for each in report(new)["notes"] if each.startswith("reused "))
        assert note.startswith(f"reused {len(taken)} replies from {old}, given before")
        steps = {step for step, _ in has}
        calls = targen("diff", old, new, "--json").json["calls"]
        asked = by_place(new, "calls")
        for step in steps:
            more = sum(count for place, count in asked.items() if place[0] == step)
            left = calls[step]["left"]
            assert calls[step] == {"left": left, "right": left + more, "shared": left}
