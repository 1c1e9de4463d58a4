"""The distance filter: what is too near to a row is refused, so often and no more."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from targen_core.engine.filters import Candidate
from targen_standard.filters.distance import filter as distance
from targen_standard.filters.distance.filter import DistanceFilter

pytestmark = pytest.mark.usefixtures("virtual_time")

NEAR = st.fixed_dictionaries(
    {
        "max_cosine": st.sampled_from([0.05, 0.2, 0.4]),
        "max_refused": st.sampled_from([None, 0.5, 0.9]),
        "embedder": st.just("words"),
        "balance": st.sampled_from(["final", "intended"]),
    }
)


@given(data=st.data(), near=NEAR)
@settings(max_examples=8)
def test_what_could_be_finished_is_finished(lab, folder, data, near):
    """Lists that run out, labels that are rare: refusals take no row that is needed."""
    world = data.draw(lab.worlds)
    quotas = data.draw(lab.quotas(world, 10))
    spec = {"balance": near["balance"], "give_up_after": 20, "near_duplicates": 0}
    assume(not world.one_label)  # which label a seed is for depends on what was refused before
    with folder() as path:
        free = lab.run(world, path / "free", quotas, **spec)
        ran = lab.run(world, path / "run", quotas, **{**near, **spec})
        if free.error is None:
            assert ran.error is None
            assert ran.report["rows"] == free.report["rows"]


def candidate(text, seed="s", branch="", written=None):
    return Candidate(seed, None, text, text if written is None else written, branch)


class TestTheFilter:
    def make(self, max_cosine=0.8, max_refused=0.9, encode=json.loads):
        return DistanceFilter(encode, max_cosine, max_refused, embedder="acme:vectors")

    def accept(self, made, *candidates):
        class Accepted:
            verdict, stage, reason = "accepted", "", ""

        entries = []
        for one in candidates:
            made.find(one)
            entries.append(made.add(one))
            made.count(one.branch, Accepted)
        return entries

    def test_the_nearest_row_is_named_with_its_cosine(self):
        made = self.make()
        self.accept(made, candidate("[1, 0]"), candidate("[0, 1]"))
        refusal = made.find(candidate("[1, 7]"))
        assert refusal.facts == {"near": 1, "cosine": pytest.approx(0.99, abs=0.001)}
        assert refusal.detail == "too similar to accepted instance 1, with a cosine of 0.990"
        assert made.find(candidate("[1, 1]")) is None

    def test_only_the_latest_rows_are_kept(self, monkeypatch):
        monkeypatch.setattr(distance, "MAX_ROWS", 4)
        made = self.make(max_cosine=0.98)
        rows = [candidate(f"[1, {number}]") for number in range(10)]
        entries = self.accept(made, *rows)
        again = self.make(max_cosine=0.98)
        for start in range(0, 10, 3):
            again.restore(entries[start : start + 3])
        found = [made.find(row) for row in rows]
        assert [each and each.facts["near"] for each in found][:4] == [None, None, None, 6]
        assert found[9].facts["near"] in (7, 8, 9)
        assert made._vectors.shape == (4, 2)
        assert np.array_equal(again._vectors[:4], made._vectors)

    def test_a_cosine_does_not_depend_on_the_rows_around_it(self):
        rng = np.random.default_rng(5)
        texts = [json.dumps(rng.normal(size=384).tolist()) for _ in range(300)]
        products = []
        for rows in (texts, texts[:1], texts[::-1]):
            made = self.make(max_cosine=0.01)
            self.accept(made, *map(candidate, rows))
            at = rows.index(texts[0])
            products.append(float((made._vectors @ made._embed(texts[1]))[at]))
        assert len(set(products)) == 1
        assert products[0] == int(products[0])
