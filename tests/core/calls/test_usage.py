"""Usage: by step and label, a function of the journal alone."""

from __future__ import annotations

from collections import Counter

import pytest

from targen_core.errors import Interrupted, ServiceUnavailable

pytestmark = pytest.mark.usefixtures("virtual_time")


def summed(journal):
    """Sums over journal records by (step, label), worked out here anew."""
    sums = {}
    for record in journal:
        mine = sums.setdefault((record["step"], record["label"]), Counter())
        kind = "cached" if record.get("cached") else "lost" if record.get("lost") else "calls"
        mine[kind] += 1
        names = (
            ("saved_input_tokens", "saved_output_tokens")
            if kind == "cached"
            else ("input_tokens", "output_tokens")
        )
        mine[names[0]] += record["in"]
        mine[names[1]] += record["out"]
    return sums


def reported(report):
    return {
        (row["step"], row["label"]): Counter(
            {k: v for k, v in row.items() if k not in ("step", "label", "dollars") and v}
        )
        for row in report["usage"]["by_step"]
    }


def test_usage_is_the_sum_over_the_journal_and_survives_resume(lab, tmp_path):
    world = lab.World(relabel=0.2, malformed=0.1)
    cache = tmp_path / "cache"
    lab.run(world, tmp_path / "before", {"yes": 3, "no": 3}, cache=cache)
    lost = set()

    def hook(number, request, job):
        if number % 7 == 0 and request.key not in lost:
            lost.add(request.key)
            raise ServiceUnavailable("timed out", billed=True)
        if number == 30:
            job.layer.halt(Interrupted("stopped"))

    ran = lab.run(world, tmp_path / "run", {"yes": 20, "no": 20}, hook=hook, cache=cache)
    assert isinstance(ran.error, Interrupted)
    for part in (ran, lab.run(world, tmp_path / "run", resume=True, cache=cache)):
        sums = summed(part.journal)
        actual = reported(part.report)
        assert set(actual) == set(sums)
        for place, counts in sums.items():
            assert actual[place] == Counter({k: v for k, v in counts.items() if v})
        total = part.report["usage"]["total"]
        for name in (
            "calls",
            "cached",
            "lost",
            "input_tokens",
            "output_tokens",
            "saved_input_tokens",
        ):
            assert total[name] == sum(counts[name] for counts in sums.values())
        dollars = sum(r["cost"] for r in part.journal if not r.get("cached"))
        assert total["dollars"] == pytest.approx(dollars, abs=1e-6)
    assert part.error is None
    assert total["lost"] == len(lost)
    assert total["cached"] > 0
