"""What holds of every run: quotas, order, and bytes that depend on replies alone."""

from __future__ import annotations

import os
import random
import re
import shutil
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from targen_core.engine.events import Committed
from targen_core.engine.quotas import share_out
from targen_core.errors import BudgetExhausted, Interrupted, JobFailed, QuotaNotMet, ServiceError
from targen_core.runs import session
from targen_core.runs.report import read_report
from targen_standard.embedding import WORDS

pytestmark = pytest.mark.usefixtures("virtual_time")

COUNTED = ("flow", "given_up", "parts", "distance", "dropped_list_items", "rows", "requested")
EXAMPLES = 2000 if os.environ.get("TARGEN_SOAK") else 32
STOPS_IN_A_ROW = 3


@pytest.fixture(scope="module", autouse=True)
def seldom():
    """No thread for each second of a hang."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "_SYNC_EVERY", 60.0)
        yield


# --- laws of any run ------------------------------------------------------------


def meets_its_quotas_or_says_it_is_short(ran, world, spec, quotas):
    counted = Counter()
    for record in ran.provenance:
        final = record["label"] if world.labels else "any"
        aim = final if spec["balance"] == "final" else world.branch_labels[record["intended"]]
        counted[aim] += record["rows"]
    got = {name: counted[name] for name in world.quota_names}
    assert ran.report["rows"] == got
    assert len(ran.rows) == sum(got.values())
    if ran.error is None:
        assert (ran.report["status"], ran.report["met"]) == ("complete", True)
        assert got == {name: quotas.get(name, 0) for name in world.quota_names}
        return
    assert type(ran.error) is QuotaNotMet
    assert (ran.report["status"], ran.report["met"]) == ("short", False)
    assert all(got[name] <= quotas.get(name, 0) for name in got)
    short = [name for name in got if got[name] < quotas.get(name, 0)]
    assert short
    if not world.share:
        # Those that lack as many are named together.
        said = r"labels? [^:]*\b{}\b[^:]* ha(s|ve) {} of"
        assert all(re.search(said.format(name, got[name]), str(ran.error)) for name in short)


def has_rows_of_its_replies(ran, world, one_label):
    """Rows belong to their provenance, and labels to their correction."""
    assert [row["idx"] for row in ran.rows] == list(range(len(ran.rows)))
    journaled = {record["key"]: record for record in ran.journal if "key" in record}
    drawn = {}
    at = 0
    for record in ran.provenance:
        assert record["idx"] == at
        rows = ran.rows[at : at + record["rows"]]
        assert record["rows"] == world.rows_per_instance == len(rows)
        assert {row["label"] for row in rows} == {record["label"]}
        assert len({row["text"] for row in rows}) == 1
        calls = [journaled[key] for key in record["calls"]]
        written = "".join(call["text"] for call in calls if call["step"] == "generate")
        assert all(word in written for word in rows[0]["text"].split() if word not in "01 mended")
        judged = [call["text"] for call in calls if call["step"] == "correct"]
        aim = world.branch_labels[record["intended"]]
        if world.correct:
            assert f'"{record["label"]}"' in judged[-1]
            assert record["explanation"] == f"judged {record['label']}"
        else:
            assert not judged
            assert aim in (record["label"], "any")
        assert not world.labels or record["label"] in world.labels
        seed, _, ordinal = record["id"].split("/")
        drawn.setdefault((seed, int(ordinal) // world.per_call), set()).add(record["intended"])
        assert world.dimensioned == ("length" in record.get("dimensions", ()))
        at += record["rows"]
    assert at == len(ran.rows)
    if one_label and world.labels and not world.branches:
        assert all(len(labels) == 1 for labels in drawn.values()), "a seed is for one label"
    for record in ran.rejects:
        if record.get("reason") == "illegal-label":
            assert record["verdict"] in ("rejected", "duplicate")
            assert record["corrected"] is None
        if record["verdict"] != "dropped" and world.branches:
            aim = world.branch_labels[record["intended"]]
            assert aim is not None or record["claimed"] is None


def of_the_last_walk(events):
    """Those since all was judged from the start again, as where the ledger tells of another run."""
    seen = set()
    for at, event in enumerate(events):
        if event.verdict == "accepted" and event.id in seen:
            begin = max(n for n in range(at + 1) if events[n].id == events[0].id)
            return of_the_last_walk(events[begin:])
        seen |= {event.id} if event.verdict == "accepted" else set()
    return events


def cosine(one, other):
    vectors = [np.asarray(WORDS.open()(text)) for text in (one, other)]
    length = np.prod([np.linalg.norm(vector) for vector in vectors])
    return float(vectors[0] @ vectors[1] / length) if length else 0.0


def refuses_what_is_too_near_and_no_more_than_its_share(ran, world, spec):
    share = Fraction(str(spec["max_refused"] or 0.2))
    accepted, refused = Counter(), Counter()
    for event in ran.events:
        if isinstance(event, Committed):
            accepted[event.intended] += event.verdict == "accepted"
            if event.reason == "too-near":
                refused[event.intended] += 1
                both = accepted[event.intended] + refused[event.intended]
                assert refused[event.intended] <= share * both
    rows = ran.rows[:: world.rows_per_instance]
    seeds = [record["seed"] for record in ran.provenance]
    records = [record for record in ran.rejects if record["reason"] == "too-near"]
    assert len(records) == refused.total()
    for record in records:
        instance, notes = record["instance"], record["notes"]
        text = f"{seeds[notes['near']]} {rows[notes['near']]['text']}"
        there = cosine(f"{instance['seed']} {instance['text']}", text)
        assert there > spec["max_cosine"] - 0.001
        assert notes["cosine"] == pytest.approx(there, abs=0.001)
        assert f"accepted instance {notes['near']}," in record["detail"]
    flows, distances = ran.report["flow"].values(), ran.report["distance"]
    assert distances["refused"] == sum(flow["reasons"].get("too-near", 0) for flow in flows)
    assert sum(flow["rejected"].get("filter", 0) for flow in flows) == distances["refused"]
    assert distances["max_refused"] == float(share)


def counts_each_candidate_and_call_once(ran, world):
    """A call is used once, whatever it gave: a row, a reject, several instances or a list."""
    judged = {event.id: event for event in ran.events if isinstance(event, Committed)}
    flow = ran.report["flow"]
    assert set(flow) == set(world.branch_labels)
    for name, counted in flow.items():
        mine = [event for event in judged.values() if event.intended == name]
        verdicts = Counter(event.verdict for event in mine)
        rejected = [event for event in mine if event.verdict == "rejected"]
        assert counted["judged"] == len(mine)
        assert counted["duplicate"] == verdicts["duplicate"]
        assert counted["rejected"] == Counter(event.stage for event in rejected)
        assert counted["reasons"] == Counter(event.reason for event in rejected)
        for verdict in ("accepted", "surplus"):
            ended = [event.corrected for event in mine if event.verdict == verdict]
            if world.labels:
                assert counted[verdict] == Counter(ended)
            else:
                assert counted[verdict].keys() <= {"any", "relabelled"}
                assert sum(counted[verdict].values()) == len(ended)
    accepted = sum(sum(part["accepted"].values()) for part in flow.values())
    assert accepted * world.rows_per_instance == len(ran.rows)
    doubtful = [r for r in ran.provenance if r.get("notes", {}).get("unsure")]
    assert sum(part.get("unsure", 0) for part in flow.values()) == len(doubtful)

    # Files tell the verdicts in the order of the commits; the last one on a candidate holds.
    records = [*ran.provenance, *ran.rejects]
    ended = of_the_last_walk([event for event in ran.events if isinstance(event, Committed)])
    accepted = [event.id for event in ended if event.verdict == "accepted"]
    assert accepted == [record["id"] for record in ran.provenance]
    others = [e.id for e in ended if e.verdict != "accepted"]
    assert others == [r["id"] for r in ran.rejects if r["verdict"] != "dropped"]
    named = {key for record in records for key in record.get("calls", ())}
    steps = ("generate", "correct")
    listing = {call["key"] for call in ran.journal if "key" in call and call["step"] not in steps}
    calls = ran.report["usage"]["total"]["calls"]
    assert calls == len(ran.journaled)
    assert ran.reported == ran.used
    dollars = sum(call["cost"] for call in ran.journal)
    assert ran.report["usage"]["total"]["dollars"] == pytest.approx(dollars, abs=1e-6)
    used = calls - ran.report["unused_calls"]
    assert len(named) <= used <= len(named | listing)


def is_stopped(error):
    """Return whether a run that ended so goes on when it is resumed."""
    given_up = isinstance(error, JobFailed) and error.cause == "service"
    is_key = isinstance(error, ServiceError) and error.cause == "key"
    return given_up or is_key or isinstance(error, BudgetExhausted | Interrupted)


# --- one property for all features ----------------------------------------------


def told(ran):
    """What a run is for its user: its rows, how it ended, and what its report counts."""
    counts = {name: ran.report.get(name) for name in COUNTED}
    return str(ran.error), counts, ran.files


def stopping(rng):
    """A hook that stops a run at some call, in some way; or refuses calls, or nothing."""
    after, how = rng.randint(1, 15), rng.choice(["halt", "halt", "fail", "gone", "busy", "no"])

    def stop(number, request, job):
        if number == after and how == "halt":
            job.layer.halt(Interrupted("stopped"))
        if number == after and how == "fail":
            raise ServiceError("the key was taken away", cause="key")
        if number > after and how == "gone":
            raise ServiceError("gone")
        if number % 3 and how == "busy":
            raise ServiceError(
                "too many", retry_after=rng.choice([None, 1.0, 30.0]), cause="rate-limit"
            )

    return stop


def hanging(rng):
    """Latencies: some sendings are answered long after the others; those are sent again."""
    share = rng.choice([0.02, 0.1, 0.25])

    def seconds(request):
        return 30.0 if rng.random() < share else rng.choice([0.1, 0.1, 0.2, 0.5])

    return seconds


def shared(world, rows, spec):
    """The rows of a run: all, or its shard's."""
    if (shard := spec.get("shard")) is None:
        return rows
    return share_out(rows, world.rows_per_instance, shard.number, shard.count)


@given(data=st.data(), randomness=st.integers(0, 10**6))
@settings(max_examples=EXAMPLES)
def test_rows_depend_on_replies_alone(lab, folder, data, randomness):
    """Any features together: at any concurrency, after any stops, hangs, kills and growth."""
    world = data.draw(lab.any)
    spec = data.draw(lab.specs(world))
    given = spec.pop("given", "")
    first = data.draw(lab.quotas(world, 5))
    more = data.draw(lab.quotas(world, 3))
    small = shared(world, first, spec)
    large = shared(world, {name: first[name] + more[name] for name in first}, spec)
    assume(any(small.values()))
    assume(all(large[name] >= small[name] for name in small))  # of a shard, not always
    rng = random.Random(randomness)

    def how():
        return {
            "concurrency": rng.choice([1, 3, 17, 64]),
            "latency": lab.latency(rng.random()),
        }

    def with_faults(*, capped=False):
        faults, limits = how(), {"max_tokens": None, "max_cost": None}
        if rng.random() < 0.3:
            faults["latency"], limits["hedge"] = hanging(rng), True
        if capped and rng.random() < 0.3:
            limits |= rng.choice([{"max_tokens": rng.randint(999, 9999)}, {"max_cost": 0.005}])
        return {**faults, "limits": limits}

    def keeps_the_laws(ran, quotas):
        if "shard" not in spec:
            meets_its_quotas_or_says_it_is_short(ran, world, spec, quotas)
        has_rows_of_its_replies(ran, world, world.one_label and given != "seeds")
        counts_each_candidate_and_call_once(ran, world)
        if "max_cosine" in spec and ran is whole:
            refuses_what_is_too_near_and_no_more_than_its_share(ran, world, spec)

    def in_pieces(path, **start):
        """Run, and resume as often as it is stopped, by the ledger or without."""
        before, going_on = {}, False
        for part in range(20):
            again = {"resume": True, "resuming": {"verify": rng.random() < 0.3}}
            stop, faults = (
                stopping(rng) if part < STOPS_IN_A_ROW else None,
                with_faults(capped=part < STOPS_IN_A_ROW),
            )
            ran = lab.run(world, path, hook=stop, **faults, **again if going_on else start)
            if ran.model.asked:
                total, cap = ran.report["usage"]["total"], faults["limits"]
                tokens = total["input_tokens"] + total["output_tokens"]
                assert tokens <= (cap["max_tokens"] or tokens)
                assert total["dollars"] <= (cap["max_cost"] or 9) + 1e-6
            assert not set(before) & set(ran.model.asked), "no answer is asked for again"
            before = dict.fromkeys(ran.journaled)
            assert len(before) == len(ran.journaled)
            if not is_stopped(ran.error):
                return ran
            going_on = ran.report["status"] == "stopped" and not ran.gone
            if going_on:
                assert str(ran.error).splitlines()[0] in ran.report["problem"]
            elif ran.gone:  # the next start is a new run
                assert (path.exists(), ran.report["usage"]["total"]["calls"]) == (False, 0)
            else:
                assert "grow" in start, "a run that is only asked to grow is left as it was"
        raise AssertionError("it does not end")

    with folder() as path:
        if given:
            spec[given] = path / "given.txt"
            spec[given].write_text("one\ntwo of\nthree\nfour of\n")
        at, killed = rng.randint(1, 25), path / "killed"

        def copy(number, request, job):
            if number == at:
                shutil.copytree(job.path, killed, ignore=shutil.ignore_patterns(".lock"))

        whole = lab.run(world, path / "whole", small, hook=copy, **how(), **spec)
        keeps_the_laws(whole, small)
        assert len(set(whole.model.asked)) == len(whole.model.asked)
        verified = lab.run(world, path / "whole", resume=True, resuming={"verify": True}, **how())
        assert told(verified) == told(whole)
        assert not verified.model.asked, "a whole run needs no answer that it lacks"
        ran = in_pieces(path / "pieces", quotas=small, **spec)
        assert told(ran) == told(whole)

        if killed.exists():
            for name in ("journal", "ledger", *whole.files):  # the last record torn, perhaps
                torn = (killed / name).read_bytes()
                os.truncate(killed / name, max(0, len(torn) - rng.choice([0, 0, 1, 7])))
            assert read_report(killed)["status"] == "unfinished"
            how_resumed = {"resuming": {"verify": rng.random() < 0.5}}
            ran = lab.run(world, killed, resume=True, **how_resumed, **with_faults())
            assert told(ran) == told(whole)
            assert len(set(ran.journaled)) == len(ran.journaled)

        # By the ledger and by the replies: one counts what the other judges.
        grown = lab.run(world, path / "whole", grow=large, **how())
        keeps_the_laws(grown, large)
        for name, text in whole.files.items():
            assert grown.files[name].startswith(text), name
        assert told(in_pieces(path / "pieces", grow=large, resuming={"verify": True})) == told(
            grown
        )
