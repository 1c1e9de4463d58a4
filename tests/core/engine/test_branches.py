"""Branches that are not the labels: finer ones, and ones whose label step 4 finds."""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from targen_core.engine.events import Committed, LabelGivenUp
from targen_core.engine.quota_tracker import QuotaTracker
from targen_core.engine.quotas import Quotas
from targen_core.errors import Interrupted, QuotaNotMet, RunDirectoryError, UsageError
from targen_core.runs.report import read_report

pytestmark = pytest.mark.usefixtures("virtual_time")

FINER = (("supported", "yes"), ("contradicted", "no"), ("open", "no"))


@given(data=st.data())
@settings(max_examples=60)
def test_quotas_are_of_labels_and_met_to_the_row(lab, folder, data):
    world = data.draw(lab.branched)
    quotas = data.draw(lab.quotas(world, 6))
    with folder() as path:
        ran = lab.run(world, path / "run", quotas, give_up_after=40, latency=lab.latency("b"))
        counted = Counter()
        for record in ran.provenance:
            counted[record["label"] if world.labels else "any"] += record["rows"]
        assert ran.report["rows"] == {name: counted[name] for name in world.quota_names}
        if ran.error is None:
            assert ran.report["rows"] == ran.report["requested"]
        else:
            assert isinstance(ran.error, QuotaNotMet)
            assert all(ran.report["rows"][name] <= quotas[name] for name in quotas)


@given(data=st.data())
@settings(max_examples=60)
def test_candidates_are_counted_by_branch(lab, folder, data):
    world = data.draw(lab.branched)
    quotas = data.draw(lab.quotas(world, 5))
    with folder() as path:
        ran = lab.run(world, path / "run", quotas, give_up_after=20)
        assert ran.report["branches"] == ran.report["branches"] | world.branch_labels
        events = [each for each in ran.events if isinstance(each, Committed)]
        judged = Counter(each.intended for each in events if each.verdict != "skipped")
        flow = ran.report["flow"]
        assert {name: part["judged"] for name, part in flow.items()} == {
            name: judged[name] for name in world.branch_labels
        }
        for record in [*ran.provenance, *ran.rejects]:
            if record.get("verdict") != "dropped":
                aim = world.branch_labels[record["intended"]]
                assert (
                    "claimed" in record
                    or aim in (record["intended"], "any")
                    or not (record.get("corrected", record.get("label")))
                )
                assert aim is not None or record["claimed"] is None


@given(data=st.data(), randomness=st.integers(0, 10**6))
@settings(max_examples=60)
def test_a_run_that_was_killed_or_grows_has_the_same_bytes(lab, folder, data, randomness):
    world = data.draw(lab.branched)
    small = data.draw(lab.quotas(world, 4))
    more = data.draw(lab.quotas(world, 4))
    large = {name: small[name] + more[name] for name in small}
    rng = random.Random(randomness)
    spec = {"give_up_after": 30}
    with folder() as path:
        at, killed = rng.randint(1, 25), path / "killed"

        def copy(number, request, job):
            if number == at:
                shutil.copytree(job.path, killed, ignore=shutil.ignore_patterns(".lock"))

        whole = lab.run(world, path / "a", small, concurrency=1, hook=copy, **spec)
        other = lab.run(world, path / "b", small, latency=lab.latency("b"), concurrency=17, **spec)
        assert other.files == whole.files
        assert other.report["flow"] == whole.report["flow"]
        if killed.exists():
            assert read_report(killed)["status"] == "unfinished"
            ran = lab.run(world, killed, resume=True, concurrency=9)
            assert ran.files == whole.files
            assert not set(ran.model.asked) & set(other.model.asked) - set(ran.journaled)
        one = lab.run(world, path / "a", grow=large, concurrency=64, latency=lab.latency("c"))
        after = rng.randint(1, 9)

        def stop(number, request, job):
            if number == after:
                job.layer.halt(Interrupted("stopped"))

        two = lab.run(world, path / "b", grow=large, concurrency=3, hook=stop)
        if isinstance(two.error, Interrupted):
            two = lab.run(world, path / "b", resume=True)
        assert one.files == two.files
        assert one.report["flow"] == two.report["flow"]
        assert all(one.files[name].startswith(text) for name, text in whole.files.items())


def test_a_label_that_step_4_never_finds_is_given_up_and_the_others_are_met(lab, tmp_path):
    world = lab.World(labels=("yes", "no", "maybe"), branches=(("row", None),))

    def reply(request):
        said = world.reply(request)
        return {"label": "no"} if said == {"label": "maybe"} else said

    model = lab.ToyModel(reply)
    quotas = {"yes": 5, "no": 5, "maybe": 5}
    ran = lab.run(world, tmp_path / "run", quotas, model=model, give_up_after=30)
    assert ran.report["rows"] == {"yes": 5, "no": 5, "maybe": 0}
    given_up = [event for event in ran.events if isinstance(event, LabelGivenUp)]
    assert [(event.label, event.after) for event in given_up] == [("maybe", 30)]
    assert ran.report["flow"]["row"]["judged"] == 30
    assert "label maybe has 0 of 5 rows (most often: labelled " in str(ran.error)


def test_a_branch_runs_while_its_label_is_open_alone(lab, tmp_path):
    world = lab.World(branches=FINER)
    ran = lab.run(world, tmp_path / "run", {"yes": 2, "no": 8})
    flow = ran.report["flow"]
    assert ran.error is None
    assert flow["supported"]["accepted"] == {"yes": 2}
    assert flow["contradicted"]["accepted"] == flow["open"]["accepted"] == {"no": 4}
    assert list(flow) == ["supported", "contradicted", "open"]
    assert [record["intended"] for record in ran.provenance[:3]] == list(flow)
    assert [record["claimed"] for record in ran.provenance[:3]] == ["yes", "no", "no"]


def test_not_many_more_calls_are_made_than_rows_need(lab, tmp_path):
    for branches, rows in (((("row", None),), 60), (FINER, 60)):
        world = lab.World(branches=branches, lists=(40,))
        quotas = {"yes": rows, "no": rows}
        path = tmp_path / branches[0][0]
        ran = lab.run(world, path, quotas, concurrency=8, latency=lab.latency("c"))
        assert ran.report["unused_calls"] < 0.1 * ran.report["usage"]["total"]["calls"]


class TestYields:
    def tracker(self, branches):
        tracker = QuotaTracker(("yes", "no"), dict(branches))
        tracker.aim(Quotas({"yes": 100, "no": 100}), by_intended=False)
        return tracker

    def count(self, tracker, branch, label, times):
        for _ in range(times):
            tracker.count(
                branch, "accepted", corrected=label, stage="", reason="", quota=label, rows=1
            )

    def test_branches_have_equal_parts_in_their_label(self):
        tracker = self.tracker(FINER)
        assert [tracker.worth(branch, 1, 0.0) for branch, _ in FINER] == [100, 50, 50]
        self.count(tracker, "open", "no", 10)
        assert [tracker.worth(branch, 1, 0.0) for branch, _ in FINER] == [100, 45, 45]

    def test_a_branch_that_may_give_all_labels_is_worth_what_the_scarcest_needs(self):
        tracker = self.tracker((("row", None),))
        assert tracker.worth("row", 1, 0.0) == 200  # half of each is hoped for
        self.count(tracker, "row", "yes", 80)
        assert tracker.worth("row", 1, 0.0) == 1000  # a tenth was no: 10 of 100
        assert tracker.open == ("row",)
        self.count(tracker, "row", "yes", 20)
        self.count(tracker, "row", "no", 100)
        assert tracker.open == ()
        assert tracker.worth("row", 1, 0.0) == 0


class TestRefused:
    def task(self, lab, **changes):
        return lab.World(branches=(("row", None),)).task(**changes)

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"branch_labels": {"row": "maybe"}}, "branch row aims at 'maybe'; labels are yes, no"),
            (
                {"branch_labels": {"row": "yes"}},
                "no branch aims at label no: add a generator",
            ),
            (
                {"branch_labels": {}},
                "the generator 'row' is for no label; labels are yes, no: say",
            ),
            (
                {"branch_labels": {"row": None, "column": "no"}},
                "'column', which is not a generator",
            ),
            ({"generators": {}, "branch_labels": {}}, "no branch aims at label yes"),
        ],
    )
    def test_a_wrong_table(self, lab, changes, words):
        with pytest.raises(ValueError, match="task toy: ") as caught:
            self.task(lab, **changes)
        assert words in str(caught.value)

    def test_a_branch_without_a_label_and_no_step_4(self, lab, tmp_path):
        world = lab.World(branches=(("row", None),))
        with pytest.raises(UsageError, match="branch row of task toy gets its labels from step 4"):
            lab.run(world, tmp_path / "a", {"yes": 1}, corrector=None)
        with pytest.raises(UsageError, match="branch row of task toy aims at no label"):
            lab.run(world, tmp_path / "b", {"yes": 1}, balance="intended")

    def test_finer_branches_need_no_step_4(self, lab, tmp_path):
        world = lab.World(branches=FINER)
        ran = lab.run(world, tmp_path / "a", {"yes": 3, "no": 3}, corrector=None)
        assert Counter(row["label"] for row in ran.rows) == {"yes": 3, "no": 3}
        ran = lab.run(
            replace(world, relabel=0.5), tmp_path / "b", {"yes": 3, "no": 3}, balance="intended"
        )
        aims = Counter(world.branch_labels[record["intended"]] for record in ran.provenance)
        assert aims == {"yes": 3, "no": 3}

    def test_an_instance_that_has_another_label_than_its_branch_aims_at(self, lab, tmp_path):
        world = lab.World(branches=FINER)
        task = world.task(branch_labels={"supported": "no", "contradicted": "yes", "open": "no"})
        ran = lab.run(world, tmp_path / "run", {"yes": 1}, task=task)
        assert "the generator for contradicted returned an instance labelled no" in str(ran.error)

    def test_a_manifest_whose_branches_are_none_of_the_task(self, lab, tmp_path):
        world = lab.World(branches=FINER)
        lab.run(world, tmp_path / "run", {"yes": 1})
        file = tmp_path / "run" / "manifest.json"
        manifest = json.loads(file.read_text())
        assert manifest["lock"]["task"]["branches"] == dict(FINER)
        manifest["lock"]["task"]["branches"]["open"] = "martian"
        file.write_text(json.dumps(manifest))
        with pytest.raises(RunDirectoryError, match="'martian' is not a label of the task"):
            read_report(tmp_path / "run")
