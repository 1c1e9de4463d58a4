"""The order of candidates, which holds no quota and no n; see engine/order.py."""

from __future__ import annotations

import asyncio
import dataclasses
from collections import defaultdict

import pytest

from targen_core.engine.events import Committed
from targen_core.engine.seeds import Seed
from targen_core.errors import QuotaNotMet, Rejected, UsageError

pytestmark = pytest.mark.usefixtures("virtual_time")


def seeds_of(ran):
    """Seed ids in commit order, each once."""
    ids = [event.id.split("/")[0] for event in ran.events if isinstance(event, Committed)]
    return list(dict.fromkeys(ids))


def test_contexts_take_turns_and_a_list_grows_when_its_batch_is_used_up(lab, tmp_path):
    world = lab.World(lists=(3, 2), labels=("only",), maximum=5)
    ran = lab.run(world, tmp_path / "run", {"only": 24}, concurrency=5, latency=lab.latency(1))
    first_batch = ["0.0", "1.0", "2.0", "0.1", "1.1", "2.1"]
    second_batch = ["3.0", "4.0", "3.1", "4.1"]  # the list of contexts dries up at 5
    then_all = [f"{c}.2" for c in range(5)] + [f"{c}.3" for c in range(5)]
    last = [f"{c}.4" for c in range(4)]
    assert seeds_of(ran) == first_batch + second_batch + then_all + last


def test_for_each_seed_the_labels_come_in_the_order_of_the_label_set(lab, tmp_path):
    world = lab.World(lists=(2,), labels=("b", "a", "c"), per_call=2)
    ran = lab.run(world, tmp_path / "run", {"b": 4, "a": 4, "c": 4})
    ids = [event.id for event in ran.events[:12]]
    assert ids == [f"{s}/{label}/{i}" for s in (0, 1) for label in "bac" for i in (0, 1)]


def test_below_the_first_list_a_batch_is_used_up_before_the_next_is_asked_for(lab, tmp_path):
    world = lab.World(lists=(2, 2, 2), labels=("only",), maximum=3)
    ran = lab.run(world, tmp_path / "run", {"only": 24}, concurrency=3, latency=lab.latency(2))
    seeds = seeds_of(ran)
    # of both contexts of the first batch in turn: the first two members' first batches
    assert seeds[:8] == ["0.0.0", "1.0.0", "0.0.1", "1.0.1", "0.1.0", "1.1.0", "0.1.1", "1.1.1"]
    assert seeds[8:12] == ["2.0.0", "2.0.1", "2.1.0", "2.1.1"]
    # then each context's next batch below it, and only then the members' next batches
    assert seeds[12:18] == ["0.2.0", "1.2.0", "2.2.0", "0.2.1", "1.2.1", "2.2.1"]
    assert seeds[18:24] == ["0.0.2", "1.0.2", "2.0.2", "0.1.2", "1.1.2", "2.1.2"]


def test_a_single_list_is_walked_from_its_front(lab, tmp_path):
    for contexts in (True, False):
        world = lab.World(lists=(3,), labels=("only",), contexts=contexts)
        ran = lab.run(world, tmp_path / str(contexts), {"only": 8}, concurrency=4)
        assert seeds_of(ran)[:8] == [str(number) for number in range(8)]
        steps = {record["step"] for record in ran.journal}
        assert steps == {"contexts" if contexts else "seeds", "generate", "correct"}


def test_rows_and_seeds_lead_back_through_the_chain(lab, tmp_path):
    world = lab.World(lists=(2, 2, 2), labels=("only",))
    ran = lab.run(world, tmp_path / "run", {"only": 10})
    texts = {record["key"]: record["text"] for record in ran.journal}
    for record in ran.provenance:
        assert len(record["above"]) == 2
        above = [texts[key] for key in record["calls"] if '"items"' in texts[key]]
        assert len(above) == 3
        for item, text in zip([*record["above"], record["seed"]], above, strict=True):
            assert item in text


def test_each_batch_is_told_what_came_before_and_asks_for_its_fixed_size(lab, tmp_path):
    world = lab.World(lists=(3, 2), labels=("only",), bad=0.3)
    sizes = defaultdict(list)
    ran = lab.run(world, tmp_path / "run", {"only": 20})
    counts = defaultdict(int)
    by_key = {request.key: request for request in ran.model.requests}
    for record in ran.journal:
        if record["step"] in ("contexts", "seeds"):
            *_, have, _, count = by_key[record["key"]].messages[0].content.split()
            sizes[record["step"]].append(int(count))
            parent = record["place"].rpartition("/")[0]
            assert int(have) == counts[parent]
            kept = {t for t in eval(record["text"])["items"] if not t.startswith("BAD")}
            counts[parent] += len(kept)
    assert set(sizes["contexts"]) == {3}
    assert set(sizes["seeds"]) == {2}


def test_batches_side_by_side_are_told_of_the_rounds_before_alone(lab, tmp_path):
    world = lab.World(lists=(3, 2), labels=("only",), bad=0.3)
    ran = lab.run(world, tmp_path / "run", {"only": 40}, lists_at_once=4, latency=lab.latency(3))
    records = defaultdict(dict)
    kept = defaultdict(dict)
    by_key = {request.key: request for request in ran.model.requests}
    for record in ran.journal:
        if record["step"] in ("contexts", "seeds"):
            parent, _, index = record["place"].rpartition("/")
            *_, have, _, _ = by_key[record["key"]].messages[0].content.split()
            records[parent][int(index)] = int(have)
            items = {t for t in eval(record["text"])["items"] if not t.startswith("BAD")}
            kept[parent][int(index)] = len(items)
    assert max(records["contexts"]) >= 5
    for parent, batches in records.items():
        for index, have in batches.items():
            before = range(index - index % 4)
            assert have == sum(kept[parent][batch] for batch in before)
    # all calls of the first round stand before the first answer's followers
    first = [r.origin.place for r in ran.model.requests[:4]]
    assert first == [f"contexts/{index}" for index in range(4)]


def test_a_list_that_asks_no_model_is_told_of_all_its_items(lab, tmp_path):
    world = lab.World(lists=(3, 2), labels=("only",))
    plain = world.task()
    seen = []

    async def propose(llm, parent, existing):
        assert tuple(llm.above) == (parent,)
        start = len(existing)
        return [f"{parent} {number}" for number in range(start, start + llm.batch)][: 6 - start]

    async def write(llm, seed):
        seen.append((*llm.above, seed))
        return await plain.generators["only"](llm, seed)

    task = plain.replace(
        seeds=(dataclasses.replace(plain.seeds[0], propose=propose, asks=False),),
        generators={"only": write},
    )
    ran = lab.run(world, tmp_path / "run", {"only": 12}, task=task, lists_at_once=64)
    assert "seeds" not in {record["step"] for record in ran.journal}
    assert len(ran.rows) == 12, ran.error
    assert all(seed.rpartition(" ")[0] == context for context, seed in seen)


def test_a_list_whose_batches_build_on_each_other_keeps_its_order_where_others_do_not(
    lab, tmp_path
):
    world = lab.World(lists=(3, 2), labels=("only",), bad=0.3)
    plain = world.task()
    task = plain.replace(
        contexts=dataclasses.replace(plain.contexts, in_turn=True),
        seeds=tuple(dataclasses.replace(one, in_turn=True) for one in plain.seeds),
    )
    one = lab.run(world, tmp_path / "one", {"only": 40}, task=task)
    side = lab.run(world, tmp_path / "side", {"only": 40}, task=task, lists_at_once=64)
    for name in ("dataset.jsonl", "provenance.jsonl", "rejects.jsonl"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "side" / name).read_bytes()
    assert len(side.rows) == len(one.rows) == 40
    other = lab.run(world, tmp_path / "other", {"only": 40}, task=plain, lists_at_once=64)
    assert len(other.rows) == 40
    assert other.provenance != one.provenance


def test_what_calls_side_by_side_repeat_is_left_out(lab, tmp_path):
    task = lab.World(lists=(3,), labels=("only",)).task()

    async def propose(llm, parent, existing):
        number = llm.rng("n").randrange(10)
        return [f"item {number}", f"item {number + 1}"]

    task = task.replace(contexts=dataclasses.replace(task.contexts, propose=propose))
    ran = lab.run(
        lab.World(lists=(3,), labels=("only",)),
        tmp_path / "run",
        {"only": 6},
        task=task,
        lists_at_once=64,
    )
    seeds = [record["seed"] for record in ran.provenance]
    assert len(set(seeds)) == len(seeds)
    assert "repeated" in {record.get("reason") for record in ran.rejects}


def test_batch_sizes_are_options(lab, tmp_path):
    world = lab.World(lists=(3, 2, 2), labels=("only",))
    options = {"contexts.batch": 4, "seeds.batch": [1, 5]}
    ran = lab.run(world, tmp_path / "run", {"only": 12}, options=options)
    asked = {
        (r.messages[0].content.split()[1], r.messages[0].content.split()[-1])
        for r in ran.model.requests
        if r.messages[0].content.startswith("list")
    }
    assert asked == {("0", "4"), ("1", "1"), ("2", "5")}
    again = lab.run(world, tmp_path / "run", grow={"only": 20})
    assert again.error is None
    assert len(again.rows) == 20


def test_contexts_limit_ends_the_first_list(lab, tmp_path):
    world = lab.World(lists=(3, 2), labels=("only",))
    ran = lab.run(world, tmp_path / "run", {"only": 20}, contexts_limit=4)
    assert ran.error is None
    assert {seed.split(".")[0] for seed in seeds_of(ran)} == {"0", "1", "2", "3"}
    grown = lab.run(world, tmp_path / "run", grow={"only": 30})
    assert {seed.split(".")[0] for seed in seeds_of(grown)} == {"0", "1", "2", "3"}


@pytest.mark.parametrize("limit", [0, -1])
def test_a_contexts_limit_below_one_is_refused(lab, tmp_path, limit):
    with pytest.raises(UsageError, match="contexts_limit"):
        lab.run(lab.World(), tmp_path / "run", {"yes": 1}, contexts_limit=limit)


def test_the_users_contexts_take_the_place_of_step_one(lab, tmp_path):
    given = tmp_path / "contexts.txt"
    given.write_text("old bridges\n\nriver boats\n", encoding="utf-8")
    world = lab.World(lists=(3, 2), labels=("only",))
    ran = lab.run(world, tmp_path / "run", {"only": 10}, contexts=given)
    assert {tuple(record["above"]) for record in ran.provenance} == {
        ("old bridges",),
        ("river boats",),
    }
    assert "contexts" not in {record["step"] for record in ran.journal}
    given.unlink()  # the run has its own copy
    grown = lab.run(world, tmp_path / "run", grow={"only": 16})
    assert grown.error is None
    assert grown.files["dataset.jsonl"].startswith(ran.files["dataset.jsonl"])


def test_the_users_seeds_take_the_place_of_all_lists_and_may_run_out(lab, tmp_path):
    given = tmp_path / "seeds.jsonl"
    given.write_text('"one seed"\n"two seeds"\n', encoding="utf-8")
    world = lab.World(lists=(3, 2), labels=("yes", "no"), salt="q")
    ran = lab.run(world, tmp_path / "run", {"yes": 2, "no": 2}, seeds=given)
    assert ran.error is None
    assert {record["seed"] for record in ran.provenance} == {"one seed", "two seeds"}
    assert all(record["above"] == [] for record in ran.provenance)
    short = lab.run(world, tmp_path / "run", grow={"yes": 3, "no": 2})
    assert "label yes has 2 of 3 rows" in str(short.error)
    assert "all given seeds were used" in str(short.error)
    assert len(short.rows) == 4


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("s.txt", "\n \n", "is empty"),
        ("s.jsonl", '"a"\n{"b": 1}\n', "line 2"),
        ("s.jsonl", "not json\n", "line 1"),
        ("s.txt", "fine\nBAD one\n", "line 2: a bad item"),
    ],
)
def test_a_file_of_items_that_will_not_do_is_refused_by_line(lab, tmp_path, name, text, words):
    given = tmp_path / name
    given.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=words) as caught:
        lab.run(lab.World(), tmp_path / "run", {"yes": 1}, seeds=given)
    assert name in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_contexts_and_seeds_together_are_refused(lab, tmp_path):
    given = tmp_path / "s.txt"
    given.write_text("one\n", encoding="utf-8")
    with pytest.raises(UsageError, match="replaces the contexts"):
        lab.run(lab.World(), tmp_path / "run", {"yes": 1}, seeds=given, contexts=given)
    with pytest.raises(UsageError, match="no contexts"):
        lab.run(lab.World(contexts=False), tmp_path / "b", {"yes": 1}, contexts=given)
    with pytest.raises(UsageError, match="seeds file"):
        lab.run(lab.World(), tmp_path / "c", {"yes": 1}, seeds=tmp_path / "missing.txt")


def test_a_seed_is_named_by_its_path():
    assert Seed("x", (3, 2), ("c",)).id == "3.2"


def test_finished_lists_are_drawn_from_again_and_each_draw_is_told_of_the_earlier(lab, tmp_path):
    world = lab.World(lists=(3,), labels=("b", "a"), per_call=2, samples=3, maximum=2)
    ran = lab.run(
        world, tmp_path / "run", {"b": 12, "a": 12}, concurrency=9, latency=lab.latency(3)
    )
    assert ran.error is None
    ids = [event.id for event in ran.events if isinstance(event, Committed)]
    assert ids == [
        f"{seed}/{label}/{2 * sample + i}"
        for sample in range(3)
        for seed in (0, 1)
        for label in "ba"
        for i in range(2)
    ]
    texts = {(r["id"], row["text"]) for r, row in zip(ran.provenance, ran.rows, strict=True)}
    records = {
        request.messages[0].content
        for request in ran.model.requests
        if request.origin.step == "generate" and request.origin.place == "generate/1/a/2"
    }
    (prompt,) = records
    for number in range(4):
        (text,) = [text for at, text in texts if at == f"1/a/{number}"]
        assert text in prompt


def test_a_seed_is_not_drawn_more_often_than_the_task_allows(lab, tmp_path):
    world = lab.World(lists=(2,), labels=("only",), samples=2, maximum=2)
    ran = lab.run(world, tmp_path / "run", {"only": 9})
    assert len(ran.rows) == 4
    assert "new items" in str(ran.error)


def test_growing_judges_skipped_candidates_of_every_batch_again(lab, tmp_path):
    """Lists that were finished before are walked to their ends, not to their first batches'."""
    world = lab.World(lists=(2, 2), labels=("yes", "no"), maximum=4)
    lab.run(world, tmp_path / "run", {"yes": 16, "no": 1})
    ran = lab.run(world, tmp_path / "run", grow={"yes": 16, "no": 16})
    assert ran.error is None
    assert len(ran.rows) == 32


def test_a_list_that_is_asked_for_once_is_whole(lab, tmp_path):
    world = lab.World(lists=(2, 3), labels=("only",))
    plain = world.task()
    once = dataclasses.replace(plain.seeds[0], once=True)
    task = plain.replace(seeds=(once,))
    ran = lab.run(world, tmp_path / "run", {"only": 15}, task=task, concurrency=6)
    assert ran.error is None
    asked = [record["place"] for record in ran.journal if record["step"] == "seeds"]
    assert len(asked) == len(set(asked)) >= 5
    assert all(place.endswith("/0") for place in asked)
    assert max(int(seed.split(".")[1]) for seed in seeds_of(ran)) == 2


class TestATrial:
    """A list that is extended only if its first batch gave enough rows."""

    @pytest.fixture
    def world(self, lab):
        return lab.World(lists=(3, 4), labels=("only",), maximum=8, trial=0.5)

    @pytest.fixture
    def task(self, world):
        """Where all below the second context is bad, and half of it below the third."""

        def check(row, seed):
            context, number = said[seed]
            if context == 1 or (context == 2 and number % 2):
                raise Rejected("unsuited", "of no use")

        said = {}

        def grown(step):
            async def propose(llm, parent, existing):
                items = [f"{parent} {len(existing) + n}" for n in range(llm.batch)]
                said.update((one, tuple(map(int, one.split()[1:]))) for one in items)
                return items[: 8 - len(existing)] if parent else ["c 0", "c 1", "c 2"]

            return dataclasses.replace(step, propose=propose, once=step is made.contexts)

        made = world.task()
        return made.replace(
            contexts=grown(made.contexts), seeds=tuple(map(grown, made.seeds)), checks=(check,)
        )

    @pytest.mark.parametrize("concurrency", [1, 4, 64])
    def test_a_list_with_too_many_rejects_ends_with_its_first_batch(
        self, lab, world, task, tmp_path, concurrency
    ):
        ran = lab.run(world, tmp_path / "run", {"only": 16}, task=task, concurrency=concurrency)
        assert isinstance(ran.error, QuotaNotMet)
        below = [seed.split(".")[0] for seed in seeds_of(ran)]
        assert {context: below.count(context) for context in "012"} == {"0": 8, "1": 4, "2": 8}
        (dropped,) = (record for record in ran.rejects if record["verdict"] == "dropped")
        assert (dropped["reason"], dropped["item"]) == ("too-many-rejected", "c 1")
        assert dropped["detail"] == "4 of the first 4 candidates were rejected"
        (counted,) = ran.report["dropped_list_items"]
        assert (counted["reason"], counted["count"]) == ("too-many-rejected", 1)
        # resumed with patience, nothing is told twice
        again = lab.run(world, tmp_path / "run", resume=True, task=task)
        assert again.files == ran.files

    def test_what_may_be_rejected_is_a_share(self, world):
        step = world.task().contexts
        for wrong in (1.5, -0.1, "half"):
            with pytest.raises(ValueError, match=r"max_rejected is .*; pass a number from 0 to 1"):
                dataclasses.replace(step, max_rejected=wrong)


def test_calls_that_a_step_makes_at_once_are_told_apart_by_the_order_of_the_asking(lab, tmp_path):
    world = lab.World(lists=(3,), labels=("only",))

    async def write(llm, seed):
        asked = [llm.ask("write only / $seed", reply=lab.Texts, seed=seed) for _ in range(4)]
        replies = await asyncio.gather(*asked, return_exceptions=True)
        return lab.Row(seed=seed, text=" ".join(r.texts[0] for r in replies), label="only")

    task = world.task(generators={"only": write})
    runs = [
        lab.run(world, tmp_path / str(n), {"only": 5}, task=task, latency=lab.latency(n))
        for n in range(3)
    ]
    assert runs[0].error is None
    assert {len(set(record["calls"])) for record in runs[0].provenance} == {6}
    assert all(ran.files == runs[0].files for ran in runs)
