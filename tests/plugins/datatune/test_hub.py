"""The hub as a catalogue, against a server that speaks its wire format."""

from __future__ import annotations

import pytest

from targen_core.errors import JobFailed
from targen_datatune.catalogues import hub as module
from targen_datatune.catalogues.hub import HUB, VIEWER_VARIABLE
from targen_datatune.retrieval import DatasetUnavailable

pytest.importorskip("huggingface_hub")
pytestmark = pytest.mark.whole


@pytest.fixture
def slept(monkeypatch):
    waits = []
    monkeypatch.setattr(module, "_sleep", waits.append)
    return waits


@pytest.fixture
def hub(monkeypatch, slept, hubs):
    from huggingface_hub import close_session

    made = hubs()
    monkeypatch.setenv("HF_ENDPOINT", made.address)
    monkeypatch.setenv(VIEWER_VARIABLE, f"{made.address}/viewer")
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    yield made
    close_session()


def actual(spec="hf:", **options):
    chosen = HUB.options(**options)
    return {
        entry.id: entry
        for listed in HUB.listing(spec, chosen)
        for entry in HUB.describe(listed, chosen)
    }


def test_what_is_described(hub):
    hub.add(
        "ada/reviews",
        rows=7,
        description="\n\n\t\n\tReviews of\n\tlamps",
        cardData={"license": "Apache-2.0"},
        tags=["task_categories:text-classification", "language:en", "region:us", "lamps"],
    )
    hub.add("ada/mine", private=True)
    hub.add("ada/off", disabled=True)
    (entry,) = actual().values()  # neither of private nor of disabled datasets
    assert entry.id == "hf:ada/reviews"
    assert (entry.name, entry.configuration, entry.split) == ("ada/reviews", "default", "train")
    assert entry.revision == "a" * 40
    assert entry.description == "Reviews of lamps"
    assert entry.tags == ("text-classification", "language:en", "lamps")
    assert (entry.license, entry.gated, entry.rows) == ("apache-2.0", False, 7)
    assert entry.columns == {"text": "string", "label": "one of bad, good"}
    assert entry.samples[1] == {"text": "ada/reviews 1", "label": "good"}
    assert len(entry.samples) == 5
    assert entry.location == f"{hub.address}/datasets/ada/reviews"


def test_pages_of_the_listing_and_what_it_asks_for(hub):
    for at in range(5):
        hub.add(f"ada/d{at}")
    assert len(actual(search="d", author="ada", limit=4, samples=False)) == 4
    listing = [path for path in hub.asked if path.startswith("/api/datasets?")]
    assert len(listing) == 2
    for words in ("search=d", "author=ada", "sort=downloads", "expand=sha"):
        assert words in listing[0]
    assert not any("first-rows" in path for path in hub.asked)


def test_rows_page_by_page_with_the_names_of_classes(hub):
    hub.add("ada/many", rows=230)
    hub.datasets["ada/many"]["cut"] = {7}
    (entry,) = actual().values()
    rows = list(HUB.rows(entry))
    assert len(rows) == 229, "a row of which the viewer cut a cell is no row"
    assert rows[0] == {"text": "ada/many 0", "label": "bad"}
    assert rows[-1]["text"] == "ada/many 229"
    pages = [path for path in hub.asked if "/rows?" in path and "first" not in path]
    assert [path.partition("offset=")[2] for path in pages] == [
        "0&length=100",
        "100&length=100",
        "200&length=100",
    ]


@pytest.mark.parametrize(
    ("fault", "waits"),
    [
        ((429, 1, {"Retry-After": "7"}), [7.0]),
        ((503, 2), [1.0, 2.0]),
        ((500, 1, {"X-Error-Code": "ResponseNotReady"}, {"error": "busy"}), [1.0]),
        ((200, 1, {}, b"<html>"), [1.0]),
    ],
)
def test_a_service_in_trouble_is_asked_again(fault, waits, hub, slept):
    hub.add("ada/a")
    hub.fail("/viewer/info", *fault)
    assert len(actual()) == 1
    assert slept == waits


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ((503, 99), "no usable answer from .*: status 503"),
        ((429, 99, {"Retry-After": "3600"}), "; retry in 3,600 s"),
        ((200, 99, {}, b"["), "the reply is not a JSON object"),
    ],
)
def test_a_service_that_stays_away_ends_the_build_and_loses_nothing(fault, words, hub):
    hub.add("ada/a")
    hub.fail("/viewer/info", *fault)
    with pytest.raises(JobFailed, match=words) as caught:
        actual()
    assert "run the same command again to continue" in caught.value.hint


def test_a_gated_dataset_is_known_and_its_rows_are_refused(hub):
    hub.add("ada/secret", gated="manual", description="Behind a form")
    (entry,) = actual().values()
    assert (entry.gated, entry.columns, entry.description) == (True, {}, "Behind a form")
    assert "is gated or private" in entry.notes[0]
    with pytest.raises(DatasetUnavailable, match="is gated or private"):
        list(HUB.rows(entry))


def test_the_token_goes_to_the_hub_alone(hub, hubs, monkeypatch):
    hub.add("ada/a")
    actual()
    assert hub.tokens == {"Bearer hf_secret"}
    other = hubs(hub.datasets)
    address = other.address.replace("127.0.0.1", "localhost")
    monkeypatch.setenv(VIEWER_VARIABLE, f"{address}/viewer")
    actual()
    assert other.tokens == {""}
