"""The table of prices: its form, and what is made of it."""

import datetime

import pytest

from targen_backends.prices import price_of, table

ENTRIES = [(provider, entry) for provider, facts in table().items() for entry in facts["prices"]]


NAMES = [entry["model"] for _, entry in ENTRIES]


@pytest.mark.parametrize(("provider", "entry"), ENTRIES, ids=NAMES)
def test_every_figure_has_its_date_and_source(provider, entry):
    known = {"model", "input", "cache_read", "cache_write", "cache_from", "output", "long"}
    assert set(entry) <= known | {"source", "date"}
    assert "/" in entry["source"]
    date = entry.get("date", table()[provider]["date"])
    assert datetime.date(2026, 1, 1) <= date <= datetime.date.today()
    assert 0 < entry["input"] < entry["output"]
    assert entry.get("cache_read", 0) < entry["input"]
    assert entry.get("cache_write", entry["input"]) >= entry["input"]
    assert set(entry.get("long", {})) <= {"above", "input", "output"}


def test_a_long_prompt_costs_its_own_rate():
    haiku = price_of("anthropic", "claude-haiku-5-5")
    assert haiku.dollars(100_000, 1000) == pytest.approx(0.01 + 0.0005)
    assert haiku.dollars(100_001, 1000) == pytest.approx(0.0500005 + 0.0025)
