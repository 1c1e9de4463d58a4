"""What a run costs, what is assumed of it, and what of its services is published."""

from __future__ import annotations

import json
import re
from itertools import chain, repeat
from pathlib import Path

import pytest

from targen_core.cli.options.defaults import user_file
from targen_testing.fault_server import FaultServer, Response
from targen_testing.wire import OPENAI

from ...mail import MAIL
from ...runs import journal, manifest, report
from ...tables import table

pytest.importorskip("targen_plugin_example")

FREE = "-o price_in=0 -o price_out=0"


def on(service, model="tiny"):
    """A run of four rows on a loopback address, which may be a proxy's."""
    where = f"-b llama -q -o base_url={service.url}/v1 -o model={model}"
    return f"generate tickets -n 4 {where} --out run"


# --- money ---


def test_a_price_of_nothing_can_be_said(service, targen, works):
    works(f"{on(service)} --max-cost 3 {FREE}")
    assert "Price: $0 in, $0 out per million tokens (your own: --price-in and" in (
        targen("report run --calls").out
    )
    assert report("run")["usage"]["priced"] is True
    price = {"in": 0.0, "out": 0.0, "source": "your own: --price-in and --price-out, or defaults"}
    steps = ("contexts", "seeds", "generate", "correct")
    assert report("run")["prices"] == dict.fromkeys(steps, price)
    card = Path("run/README.md").read_text().replace("\\", "")
    assert "$0 in, $0 out per million tokens (your own: " in card
    works("resume run -q --max-cost 1")


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


def test_a_failed_run_publishes_no_words_of_a_service(targen):
    refused = Response({"error": {"message": "no key for 10.9.8.7"}}, 401)
    answers = chain([Response(OPENAI.answer("Hm.", "stop"))], repeat(refused))
    with FaultServer(lambda _: next(answers)) as refusing:
        assert targen(on(refusing)).code == 1
    card = Path("run/README.md").read_text()
    assert "> Status: stopped." in card
    assert "10.9.8.7" not in card and "127.0.0.1" not in card


def test_the_card_says_what_is_known_and_an_edited_one_is_exported_without_addresses(
    works, service, rows
):
    works(on(service))
    path = Path("run/README.md")
    card = path.read_text()
    assert json.loads(card.partition("```json\n")[2].partition("```")[0]) == rows("run")[0]
    candidates = sum(flow["judged"] for flow in report("run")["flow"].values())
    assert f"of {candidates} candidates judged were accepted" in card
    assert f"started on {manifest('run')['created'][:10]}" in card
    assert "eprint        = {2310.17876}" in card
    assert "checked by a person" not in card
    assert "answers of the models named below" in card
    identity = f"openai-compatible:{service.url}/v1:tiny:json_schema"
    path.write_text(f"# Mine\n\nmade by {identity} at {service.url}/v1, see {service.url[7:]}\n")
    works("export run --as hf --out hub")
    assert "made by tiny at tiny, see the service" in Path("hub/README.md").read_text()


TOO_FEW = (
    "Too few seeds: mail.yaml provides 20, each used once per label. This is enough for "
    "about 14 rows of order at a yield of 70%; 50 are requested.\n"
    "Add 52 or more, or set the task's samples_per_seed to 4"
)


def test_given_seeds_have_no_price_and_too_few_are_told_with_what_to_add(targen, works):
    """Fewer than a dry run would make otherwise are no error; lists are not asked for."""
    Path("mail.yaml").write_text(f"{MAIL}seeds: {{file: towns.txt}}\n")
    Path("towns.txt").write_text("".join(f"the town of Number{n}\n" for n in range(20)))
    for rows, told in ((28, ""), (100, TOO_FEW)):
        asked = f"estimate mail.yaml -n {rows} -b scripted"
        shown = works(asked).out
        assert told in shown and ("Too few" in shown) == bool(told)
        assert "contexts " not in shown
        assert targen(f"{asked} --json").json.get("too_few_seeds", "") == told
    Path("mine.txt").write_text("a town\nanother town\n")
    asked = "estimate rte -n 10 -b scripted"
    assert "contexts " in targen(asked).out
    mine = targen(f"{asked} --contexts mine.txt").out
    assert "contexts " not in mine and "seeds " in mine


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


def test_a_suite_out_of_budget_names_itself_and_what_to_type(refuses):
    refuses(
        "generate --suite superglue -n 2 -b scripted -q --no-cache --max-tokens 20000",
        "suite superglue, in ",
        "repeat the command, targen generate --suite superglue, with a larger --max-tokens",
        code=1,
        keeps=False,
    )
    spent = [
        call for path in Path("runs/superglue-0").glob("*/journal") for call in journal(path.parent)
    ]
    assert 0 < sum(each["in"] + each["out"] for each in spent) <= 20_000, "of all tasks together"


def test_a_cap_below_what_a_run_has_spent_is_named_when_it_stops_the_run(refuses, works):
    generate = "generate rte -n 4 -b scripted -q --out run"
    works(generate)
    works(f"{generate} --max-tokens 99")  # the journal answers every call
    refuses(
        "resume run -n 6 -q",
        "spent, more than the run's limit of 99, and the next",
        "targen resume run --max-tokens ",
        code=1,
        keeps=False,
    )
    works("resume run -n 6 -q --max-tokens 99000")


@pytest.mark.parametrize("cap", ["--max-tokens 9000", "--max-tokens 15000", "--max-cost 0.02"])
def test_a_spent_budget_names_a_command_with_an_amount_that_is_enough(cap, targen, works, rows):
    prices = "--price-in 1 --price-out 4" if "cost" in cap else ""
    stopped = targen(f"generate rte -n 24 -b scripted -q {prices} {cap} --out 'a run'")
    (hint,) = re.findall(r"  try: targen (resume 'a run' .*)", stopped.err)
    assert stopped.code == 1 and hint.split()[-2] == cap.split()[0]
    works(f"{hint} -q")
    assert len(rows("a run")) == 24
