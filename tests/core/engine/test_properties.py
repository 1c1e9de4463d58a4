"""What holds of every run: quotas, order, and bytes that depend on replies alone."""

from __future__ import annotations

import random
import shutil
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from targen_core.engine.events import Committed
from targen_core.errors import AuthenticationFailed, Interrupted, QuotaNotMet
from targen_core.runs.report import read_report

pytestmark = pytest.mark.usefixtures("virtual_time")

BALANCES = st.sampled_from(["final", "intended"])
AT_ONCE = st.sampled_from([1, 2, 64])  # calls of a list that are not told of each other


@given(data=st.data(), balance=BALANCES)
@settings(max_examples=60)
def test_quotas_are_met_to_the_row_or_the_run_says_it_is_short(lab, folder, data, balance):
    world = data.draw(lab.worlds)
    quotas = data.draw(lab.quotas(world, 6))
    with folder() as path:
        ran = lab.run(
            world,
            path / "run",
            quotas,
            balance=balance,
            give_up_after=25,
            latency=lab.latency("quota"),
        )
        counted = Counter()
        for record in ran.provenance:
            name = record["label" if balance == "final" else "intended"]
            counted[name if world.labels else "any"] += record["rows"]
        got = {name: counted[name] for name in world.quota_names}
        assert ran.report["rows"] == got
        assert len(ran.rows) == sum(got.values())
        if ran.error is None:
            assert ran.report["status"] == "complete"
            assert ran.report["met"] is True
            assert got == {name: quotas.get(name, 0) for name in world.quota_names}
        else:
            assert isinstance(ran.error, QuotaNotMet)
            assert ran.report["status"] == "short"
            assert ran.report["met"] is False
            short = [name for name in got if got[name] < quotas.get(name, 0)]
            assert short
            assert all(f"label {name} has {got[name]}" in str(ran.error) for name in short)
            assert all(got[name] <= quotas.get(name, 0) for name in got)


@given(data=st.data(), balance=BALANCES)
def test_rows_are_numbered_and_belong_to_their_provenance(lab, folder, data, balance):
    world = data.draw(lab.worlds)
    quotas = data.draw(lab.quotas(world, 5))
    with folder() as path:
        ran = lab.run(world, path / "run", quotas, balance=balance, give_up_after=20)
        assert [row["idx"] for row in ran.rows] == list(range(len(ran.rows)))
        journaled = {record["key"]: record for record in ran.journal if "key" in record}
        at = 0
        for record in ran.provenance:
            assert record["idx"] == at
            rows = ran.rows[at : at + record["rows"]]
            assert record["rows"] == world.rows_per_instance == len(rows)
            assert {row["label"] for row in rows} == {record["label"]}
            assert len({row["text"] for row in rows}) == 1
            calls = [journaled[key] for key in record["calls"]]
            assert rows[0]["text"] in "".join(c["text"] for c in calls if c["step"] == "generate")
            at += record["rows"]
        assert at == len(ran.rows)


@given(data=st.data(), balance=BALANCES)
def test_no_label_changes_without_a_correction_that_says_so(lab, folder, data, balance):
    world = data.draw(lab.worlds)
    quotas = data.draw(lab.quotas(world, 5))
    with folder() as path:
        ran = lab.run(world, path / "run", quotas, balance=balance, give_up_after=20)
        journaled = {record["key"]: record for record in ran.journal if "key" in record}
        for record in ran.provenance:
            assert not world.labels or record["label"] in world.labels
            judged = [
                journaled[key]["text"]
                for key in record["calls"]
                if journaled[key]["step"] == "correct"
            ]
            if world.correct:
                assert f'"{record["label"]}"' in judged[-1]
                assert record["explanation"] == f"judged {record['label']}"
            else:
                assert not judged
                assert record["intended"] in (record["label"], "any")
        illegal = [record for record in ran.rejects if record.get("reason") == "illegal-label"]
        for record in illegal:
            assert record["verdict"] in ("rejected", "duplicate")
            assert record["corrected"] is None


@given(data=st.data(), balance=BALANCES, at_once=AT_ONCE)
def test_bytes_do_not_depend_on_concurrency_or_latency(lab, folder, data, balance, at_once):
    world = data.draw(lab.worlds)
    quotas = data.draw(lab.quotas(world, 6))
    with folder() as path:
        seen = []
        for concurrency in (1, 3, 17, 64):
            ran = lab.run(
                world,
                path / str(concurrency),
                quotas,
                balance=balance,
                give_up_after=20,
                lists_at_once=at_once,
                concurrency=concurrency,
                latency=lab.latency(concurrency),
            )
            assert len(set(ran.model.asked)) == len(ran.model.asked)
            assert ran.model.peak <= concurrency
            seen.append((ran.files, str(ran.error), ran.report["flow"], ran.report["given_up"]))
        assert all(other == seen[0] for other in seen[1:])


@given(data=st.data(), balance=BALANCES, at_once=AT_ONCE, randomness=st.integers(0, 10**6))
@settings(max_examples=40)
def test_a_run_that_was_stopped_again_and_again_ends_the_same(
    lab, folder, data, balance, at_once, randomness
):
    world = data.draw(lab.worlds)
    quotas = data.draw(lab.quotas(world, 6))
    rng = random.Random(randomness)
    spec = {"balance": balance, "give_up_after": 20, "lists_at_once": at_once}
    with folder() as path:
        whole = lab.run(world, path / "whole", quotas, **spec)
        run, asked, ran = path / "run", [], None
        for part in range(30):
            after = rng.randint(1, 12)
            how = rng.choice(["halt", "fail", "none"]) if part < 8 else "none"

            def stop(number, request, job, after=after, how=how):
                if number != after or how == "none":
                    return
                if how == "fail":
                    raise AuthenticationFailed("the key was taken away")
                job.layer.halt(Interrupted("stopped"))

            there = set(ran.journaled) if ran else set()
            ran = lab.run(
                world,
                run,
                quotas,
                resume=part > 0,
                concurrency=rng.choice([1, 3, 17]),
                latency=lab.latency(rng.random()),
                hook=stop,
                **spec if not part else {},
            )
            assert not there & set(ran.model.asked)
            asked += [key for key in ran.model.asked if key in set(ran.journaled)]
            assert len(set(asked)) == len(asked)
            for name, text in ran.files.items():
                assert whole.files[name].startswith(text), name
            if not isinstance(ran.error, AuthenticationFailed | Interrupted):
                break
            assert ran.report["status"] == "stopped"
        assert ran.files == whole.files
        assert str(ran.error) == str(whole.error)
        assert ran.report["flow"] == whole.report["flow"]


@given(data=st.data(), randomness=st.integers(0, 10**6))
def test_a_run_that_was_killed_goes_on_from_what_is_on_the_disk(lab, folder, data, randomness):
    """The directory as it was at the moment of some call, copied and resumed."""
    world = data.draw(lab.worlds)
    quotas = data.draw(lab.quotas(world, 6))
    rng = random.Random(randomness)
    with folder() as path:
        at = rng.randint(1, 25)
        killed = path / "killed"

        def copy(number, request, job):
            if number == at:
                shutil.copytree(job.path, killed, ignore=shutil.ignore_patterns(".lock"))

        whole = lab.run(
            world, path / "whole", quotas, give_up_after=20, hook=copy, latency=lab.latency(at)
        )
        if not killed.exists():
            return
        # ... and the last record of each file torn, as a kill may leave it
        for name in ("journal", *whole.files):
            torn = (killed / name).read_bytes()
            (killed / name).write_bytes(torn[: max(0, len(torn) - rng.choice([0, 0, 1, 7]))])
        unfinished = read_report(killed)
        assert unfinished["status"] == "unfinished"
        ran = lab.run(world, killed, resume=True, concurrency=rng.choice([1, 9]))
        assert ran.files == whole.files
        assert len(set(ran.journaled)) == len(ran.journaled)
        assert str(ran.error) == str(whole.error)


@given(data=st.data(), balance=BALANCES, at_once=AT_ONCE, randomness=st.integers(0, 10**6))
@settings(max_examples=40)
def test_growing_keeps_the_rows_and_pays_for_nothing_twice(
    lab, folder, data, balance, at_once, randomness
):
    world = data.draw(lab.worlds)
    small = data.draw(lab.quotas(world, 4))
    more = data.draw(lab.quotas(world, 5))
    large = {name: small[name] + more[name] for name in small}
    rng = random.Random(randomness)
    spec = {"balance": balance, "give_up_after": 20, "lists_at_once": at_once}
    with folder() as path:
        first = lab.run(world, path / "a", small, concurrency=1, **spec)
        a = lab.run(world, path / "a", grow=large, concurrency=64, latency=lab.latency("a"))
        for name in ("dataset.jsonl", "provenance.jsonl", "rejects.jsonl"):
            assert a.files[name].startswith(first.files[name])

        lab.run(world, path / "b", small, concurrency=17, latency=lab.latency("b"), **spec)
        after = rng.randint(1, 9)

        def stop(number, request, job):
            if number == after:
                job.layer.halt(Interrupted("stopped"))

        b = lab.run(world, path / "b", grow=large, concurrency=3, hook=stop)
        if isinstance(b.error, Interrupted):
            b = lab.run(world, path / "b", resume=True, latency=lab.latency("c"), concurrency=5)
        assert b.files == a.files
        assert str(b.error) == str(a.error)
        assert b.report["flow"] == a.report["flow"]
        for ran in (a, b):
            assert len(set(ran.journaled)) == len(ran.journaled)


@given(data=st.data(), balance=BALANCES)
def test_each_judged_candidate_is_in_one_place_of_the_label_flow(lab, folder, data, balance):
    world = data.draw(lab.worlds)
    small = data.draw(lab.quotas(world, 4))
    more = data.draw(lab.quotas(world, 3))
    large = {name: small[name] + more[name] for name in small}
    with folder() as path:
        lab.run(world, path / "run", small, balance=balance, give_up_after=20)
        ran = lab.run(world, path / "run", grow=large)
        judged, skipped = {}, {}
        for event in ran.events:
            if isinstance(event, Committed) and event.verdict == "skipped":
                skipped[event.id] = event.intended
            if isinstance(event, Committed) and event.verdict != "skipped":
                judged[event.id] = event
        flow = ran.report["flow"]
        for name in world.quota_names:
            mine = [event for event in judged.values() if event.intended == name]
            kinds = Counter(event.verdict for event in mine)
            assert flow[name]["judged"] == len(mine)
            never = [at for at, label in skipped.items() if label == name and at not in judged]
            assert flow[name]["skipped"] == len(never)
            assert flow[name]["duplicate"] == kinds["duplicate"]
            for verdict in ("accepted", "surplus"):
                ended = [event.corrected for event in mine if event.verdict == verdict]
                if world.labels:
                    assert flow[name][verdict] == Counter(ended)
                else:
                    assert flow[name][verdict].keys() <= {"any", "relabelled"}
                    assert sum(flow[name][verdict].values()) == len(ended)
            stages = Counter(e.stage for e in mine if e.verdict == "rejected")
            assert flow[name]["rejected"] == stages
            reasons = Counter(e.reason for e in mine if e.verdict == "rejected")
            assert flow[name]["reasons"] == reasons
        assert sum(
            flow[name]["accepted"].get(label, 0)
            for name in flow
            for label in flow[name]["accepted"]
        ) * (world.rows_per_instance) == len(ran.rows)


@given(data=st.data(), at_once=AT_ONCE)
def test_used_and_unused_calls_add_up(lab, folder, data, at_once):
    """A call is used once, whatever it gave: a row, a reject, several instances or a list."""
    world = data.draw(lab.worlds)
    small = data.draw(lab.quotas(world, 4))
    more = data.draw(lab.quotas(world, 3))
    large = {name: small[name] + more[name] for name in small}
    with folder() as path:
        lab.run(world, path / "run", small, give_up_after=20, lists_at_once=at_once, concurrency=1)
        ran = lab.run(world, path / "run", grow=large, concurrency=1)
        named = {
            key for record in [*ran.provenance, *ran.rejects] for key in record.get("calls", ())
        }
        listing = {c["key"] for c in ran.journal if c["step"] in ("contexts", "seeds")}
        calls = ran.report["usage"]["total"]["calls"]
        assert calls == len(ran.journaled)
        used = calls - ran.report["unused_calls"]
        assert len(named) <= used <= len(named | listing)
