"""What a run costs, what is assumed of it, and what of its services is published."""

from __future__ import annotations

from pathlib import Path

import pytest

from targen_core.runs.settings import user_file

from ...runs import report
from ...tables import table

pytest.importorskip("targen_plugin_example")

FREE = "-o price_in=0 -o price_out=0"


def on(service, model="tiny"):
    """A run of four rows on a loopback address, which may be a proxy's."""
    where = f"-b llama -q -o base_url={service.url}/v1 -o model={model}"
    return f"generate tickets -n 4 {where} --out run"


# --- money ---


def test_a_price_given_to_resume_holds_from_then_on(service, refuses, works):
    works(f"{on(service)} --max-cost 3 {FREE}")
    works("resume run -n 6 -q -o price_in=10 -o price_out=20 -o correct.price_in=30")
    works("resume run -n 8 -q")
    prices = report("run")["prices"]
    assert [prices[step][way] for step in ("generate", "correct") for way in ("in", "out")] == [
        *(10, 20),
        *(30, 20),
    ]
    assert report("run")["usage"]["total"]["dollars"] > 0
    cap = report("run")["usage"]["total"]["dollars"]
    refuses(f"resume run -n 40 -q --max-cost {cap}", "cost budget exhausted", code=1, keeps=False)


ASSUMED = f"""
    -b llama -o model=m -o base_url=http://127.0.0.1:1/v1 | The price of this model is unknown
    -b llama -o model=m {FREE} | Price: $0 in, $0 out per million tokens (your own: --price-in
    -b scripted --backend-for correct=llama -o correct.model=m | The price of the model for correct is unknown; add -o correct.price_in=... -o correct.
"""  # noqa: E501


def test_an_estimate_says_what_it_reckons_with(targen):
    for options, said in table(ASSUMED, 2):
        assert said in targen(f"estimate rte -n 10 {options}").out
    priced = "-o correct.price_in=1 -o correct.price_out=2"
    assert "is unknown" not in targen(f"estimate rte -n 10 {options} {priced}").out
    prices = targen("estimate rte -n 10 -b chatgpt -o model=gpt-6-luna --json").json["prices"]
    assert prices["generate"]["in"] > 0
    assert "20" in prices["generate"]["source"], "the day of the price list"
    text = 'backend = "llama"\nmodel = "m"\nprice-in = 1\nprice-out = 2\n'
    user_file().parent.mkdir(exist_ok=True)
    user_file().write_text(text)
    for line in ("estimate rte -n 10", "generate rte -n 10 --dry-run"):
        assert f"Your own price comes from {user_file()}\n" in targen(line).out


# --- privacy ---

MODELS = {
    "tiny": "tiny",
    "meta-llama/Llama-3.1-8B": "meta-llama/Llama-3.1-8B",
    "/srv/alice/models/secret-tuned.gguf": "secret-tuned.gguf",
    r"'C:\\Users\\alice\\tuned.gguf'": "tuned.gguf",
    "s3://alices-bucket/tuned": "tuned",
}


@pytest.mark.parametrize(("model", "name"), MODELS.items())
def test_neither_card_nor_export_tells_where_a_model_is(works, service, model, name):
    works(on(service, model))
    works("export run --as hf --out hub")
    hub = b"\n".join(path.read_bytes() for path in Path("hub").rglob("*") if path.is_file())
    assert hub
    card = Path("run/README.md").read_text()
    port = service.url.rpartition(":")[2]
    for text in (card, Path("run/report.json").read_text(), hub.decode("utf-8", "replace")):
        for private in (port, "127.0.0.1", "openai-compatible:", "alice", "json_schema", "s3:"):
            assert private not in text
    assert f"| generate | {name} | llama |" in card.replace("\\", "")
    assert report("run")["models"]["generate"] == name


# --- before ---


def test_a_dry_run_says_what_would_run_and_leaves_nothing(works, service):
    dry = f"{on(service)} --dry-run --price-in 1 --price-out 2"
    shown = works(dry).out
    assert "targen-plugin-example:tickets would be written to run: " in shown
    assert f"openai-compatible:{service.url}/v1:tiny:json_schema would be called" in shown
    assert "4 rows of targen-plugin-example:tickets, based on a dry run" in shown
    assert shown.endswith("Dry run: targen made no calls and wrote no files.\n")
    facts = works(f"{dry} --json").json
    assert (facts["out"], sum(facts["labels"].values())) == ("run", 4)
    assert facts["dollars"] > 0
    assert "exceeds --max-cost 1e-05" in works(f"{dry} --max-cost 0.00001").out
    assert "--max-cost" not in works(f"{dry} --max-cost 9").out
    assert service.seen == []
    assert not Path("run").exists()
