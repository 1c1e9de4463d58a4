"""Seeds that are for one label: which it is, and what becomes of the other labels."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest

from targen_core.errors import QuotaNotMet

pytestmark = pytest.mark.usefixtures("virtual_time")


@pytest.mark.parametrize(
    ("lists", "names"), [((4, 3), ("yes", "no")), ((2, 2, 2), ("a", "b", "c"))]
)
def test_no_context_is_for_one_label_alone(lab, folder, lists, names):
    world = lab.World(labels=names, lists=lists, one_label=True)
    with folder() as path:
        ran = lab.run(world, path / "run", dict.fromkeys(names, 12))
    for depth in range(len(lists) - 1):
        by_item = defaultdict(Counter)
        for record in ran.provenance:
            by_item[str(record["above"][: depth + 1])][record["label"]] += 1
        for labels in by_item.values():
            if labels.total() >= len(names):
                assert max(labels.values()) - min(labels[name] for name in names) <= 2
    assert ran.report["rows"] == dict.fromkeys(names, 12)


def test_seeds_go_to_the_next_label_where_theirs_has_its_rows(lab, folder):
    """Nothing that was paid for is left: a rare label does not cost two seeds a row."""
    world = lab.World(lists=(4, 3), one_label=True)
    with folder() as path:
        ran = lab.run(world, path / "run", {"yes": 4, "no": 44}, concurrency=1)
    assert ran.report["rows"] == {"yes": 4, "no": 44}
    seeds = {record["id"].split("/")[0] for record in ran.provenance}
    assert len(seeds) == 48
    listed = [call for call in ran.journal if call["step"] == "seeds"]
    assert len(listed) <= 18  # of three seeds each; 32 if those of the full label were left


def test_given_seeds_are_for_all_labels_unless_one_is_asked_for(lab, folder):
    world = lab.World(one_label=True)
    with folder() as path:
        (path / "seeds.txt").write_text("one\ntwo\nthree\nfour\n")
        given = {"seeds": path / "seeds.txt"}
        assert lab.run(world, path / "all", {"yes": 4, "no": 4}, **given).error is None
        ran = lab.run(world, path / "one", {"yes": 4, "no": 4}, labels_per_seed=1, **given)
        assert isinstance(ran.error, QuotaNotMet)
        assert 'labels_per_seed="all"' in ran.error.hint
        assert ran.report["rows"] == {"yes": 2, "no": 2}


def test_alternation_is_even_within_each_label(lab, folder):
    """What alternates over seeds does not follow the label, which alternates as well."""
    seen = defaultdict(Counter)
    world = lab.World(lists=(4, 3), one_label=True)
    task = world.task()

    def noting(name, write):
        async def noted(llm, seed):
            kind = llm.alternate("cause", "effect")
            llm.note(kind=kind)
            return await write(llm, seed)

        return noted

    changed = task.replace(generators={n: noting(n, g) for n, g in task.generators.items()})
    with folder() as path:
        ran = lab.run(world, path / "run", {"yes": 24, "no": 24}, task=changed)
    for record in ran.provenance:
        seen[record["label"]][record["notes"]["kind"]] += 1
    assert all(abs(kinds["cause"] - kinds["effect"]) <= 2 for kinds in seen.values())
