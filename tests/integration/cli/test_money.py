"""What a run costs, what is assumed of it, and what of its services is published."""

from __future__ import annotations

import json
from itertools import chain, repeat
from pathlib import Path

import pytest

from targen_testing import OPENAI
from targen_testing.fault_server import FaultServer, Response

pytest.importorskip("targen_plugin_example")

FREE = ("-o", "price_in=0", "-o", "price_out=0")


@pytest.fixture
def generate(targen, service):
    """Four rows of a model behind a loopback address, which may be a proxy's."""

    def run(*args, model="tiny"):
        address = ("-o", f"base_url={service.url}/v1", "-o", f"model={model}")
        expected = ("generate", "tickets", "-n", 4, "-b", "llama", "-q", *address)
        return targen(*expected, "--out", "run", *args)

    return run


# --- money ---


def test_a_price_of_nothing_can_be_said(generate, targen, works):
    result = generate("--max-cost", 3, *FREE)
    assert result.code == 0, result.err
    output = targen("report", "run").out
    assert "Price: $0 in, $0 out per million tokens (your own: --price-in and" in output
    report = json.loads(Path("run/report.json").read_text())
    assert report["usage"]["priced"] is True
    price = {"in": 0.0, "out": 0.0, "source": "your own: --price-in and --price-out, or defaults"}
    assert report["prices"] == dict.fromkeys(("contexts", "seeds", "generate", "correct"), price)
    assert "$0 in, $0 out per million tokens (your own: " in Path(
        "run/README.md"
    ).read_text().replace("\\", "")
    works("resume", "run", "-q", "--max-cost", 1)


def test_an_estimate_says_what_it_reckons_with(targen):
    near = ("-b", "llama", "-o", "model=m", "-o", "base_url=http://127.0.0.1:1/v1")
    result = targen("estimate", "rte", "-n", 10, *near)
    assert "The price of this model is unknown" in result.out
    judge = ("--backend-for", "correct=llama", "-o", "correct.model=m")
    judged = targen("estimate", "rte", "-n", 10, "-b", "scripted", *judge)
    say = "The price of the model for correct is unknown; add -o correct.price_in=... -o correct."
    assert say in judged.out
    elsewhere = "correct.base_url=http://127.0.0.1:1/v1"
    priced = ("-o", elsewhere, "-o", "correct.price_in=1", "-o", "correct.price_out=2")
    assert (
        "is unknown"
        not in targen("estimate", "rte", "-n", 10, "-b", "scripted", *judge, *priced).out
    )
    result = targen("estimate", "rte", "-n", 10, *near, *FREE)
    assert "Price: $0 in, $0 out per million tokens (your own: --price-in and" in result.out
    actual = targen("estimate rte -n 10 -b chatgpt -o model=gpt-6-luna --json")
    assert actual.json["prices"]["generate"]["in"] > 0
    assert "20" in actual.json["prices"]["generate"]["source"], "the day of the price list"
    text = 'backend = "llama"\nmodel = "m"\nprice-in = 1\nprice-out = 2\n'
    Path("targen.toml").write_text(text)
    for line in ("estimate rte -n 10", "generate rte -n 10 --dry-run"):
        shown = targen("--trust", *line.split()).out
        assert f"Your own price comes from {Path('targen.toml').resolve()}\n" in shown


# --- privacy ---


def published(folder):
    """All that an export holds, as one text."""
    files = [path for path in Path(folder).rglob("*") if path.is_file()]
    assert files
    return "\n".join(path.read_bytes().decode("utf-8", "replace") for path in files)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("tiny", "tiny"),
        ("meta-llama/Llama-3.1-8B", "meta-llama/Llama-3.1-8B"),
        ("/srv/alice/models/secret-tuned.gguf", "secret-tuned.gguf"),
        (r"C:\\Users\\alice\\tuned.gguf", "tuned.gguf"),
        ("s3://alices-bucket/tuned", "tuned"),
    ],
)
def test_neither_card_nor_export_tells_where_a_model_is(generate, works, service, model, name):
    assert generate(model=model).code == 0
    card = Path("run/README.md").read_text()
    report = Path("run/report.json").read_text()
    works("export", "run", "--as", "hf", "--out", "hub")
    port = service.url.rpartition(":")[2]
    for text in (card, report, published("hub")):
        for private in (port, "127.0.0.1", "openai-compatible:", "alice", "json_schema", "s3:"):
            assert private not in text
    assert f"| generate | {name} | llama |" in card.replace("\\", "")
    assert json.loads(report)["models"]["generate"] == name


def test_a_failed_run_publishes_no_words_of_a_service(targen, tmp_path):
    refused = Response({"error": {"message": "no key for 10.9.8.7"}}, 401)
    answers = chain([Response(OPENAI.answer("Hm.", "stop"))], repeat(refused))
    with FaultServer(lambda _: next(answers)) as refusing:
        address = ("-o", f"base_url={refusing.url}/v1", "-o", "model=m")
        expected = ("generate", "tickets", "-n", 4, "-b", "llama", "-q", *address)
        assert targen(*expected, "--out", "run").code == 1
    card = Path("run/README.md").read_text()
    assert "> Status: stopped." in card
    assert "10.9.8.7" not in card and "127.0.0.1" not in card


def test_the_card_of_an_older_version_is_exported_without_addresses(generate, works, service):
    assert generate().code == 0
    identity = f"openai-compatible:{service.url}/v1:tiny:json_schema"
    card = Path("run/README.md")
    card.write_text(f"# Mine\n\nmade by {identity} at {service.url}/v1, see {service.url[7:]}\n")
    works("export", "run", "--as", "hf", "--out", "hub")
    text = Path("hub/README.md").read_text()
    assert "made by tiny at tiny, see the service" in text


def test_the_card_says_what_is_known(generate, service):
    assert generate().code == 0
    card = Path("run/README.md").read_text()
    first = json.loads(Path("run/dataset.jsonl").read_text().splitlines()[0])
    assert json.loads(card.partition("```json\n")[2].partition("```")[0]) == first
    judged = json.loads(Path("run/report.json").read_text())["flow"]
    candidates = sum(flow["judged"] for flow in judged.values())
    assert f"of {candidates} candidates judged were accepted" in card
    created = json.loads(Path("run/manifest.json").read_text())["created"]
    assert f"started on {created[:10]}" in card
    assert "eprint        = {2310.17876}" in card
    assert "checked by a person" not in card
    assert "answers of the models named below" in card


WEATHER = """
description: Weather reports of a local radio station, one or two sentences each.
labels:
  warm: the report says that it is or will be warm
  cold: the report says that it is or will be cold
seeds:
  file: towns.txt
"""
TOO_FEW = (
    "Too few seeds: weather.yaml provides 20, each used once per label. This is enough for "
    "about 14 rows of warm at a yield of 70%; 50 are requested.\n"
    "Add 52 or more, or set the task's samples_per_seed to 4"
)


class TestGivenSeeds:
    @pytest.fixture(autouse=True)
    def _files(self):
        Path("weather.yaml").write_text(WEATHER)
        Path("towns.txt").write_text("".join(f"the town of Number{n}\n" for n in range(20)))

    @pytest.mark.parametrize(("rows", "output"), [(28, ""), (100, TOO_FEW)])
    def test_too_few_are_told_with_what_to_add(self, rows, output, targen, works):
        """Fewer than a dry run would make otherwise are no error."""
        asked = ("estimate", "weather.yaml", "-n", rows, "-b", "scripted")
        result = works(*asked)
        assert output in result.out
        assert ("Too few" in result.out) == bool(output)
        assert targen(*asked, "--json").json.get("too_few_seeds", "") == output

    def test_those_of_a_file_take_the_place_of_the_task_s(self, targen):
        """Their lists are not asked for, so they are not priced."""
        own = targen("estimate", "weather.yaml", "-n", "10", "-b", "scripted").out
        Path("mine.txt").write_text("a town\nanother town\n")
        asked = ("estimate", "rte", "-n", "10", "-b", "scripted")
        assert "contexts " in targen(*asked).out
        mine = targen(*asked, "--contexts", "mine.txt").out
        assert "contexts " not in mine + own
        assert "seeds " in mine


# --- before ---


def test_a_dry_run_says_what_would_run_and_leaves_nothing(generate, service):
    price = ("--price-in", 1, "--price-out", 2)
    result = generate("--dry-run", *price)
    assert result.code == 0, result.err
    assert "targen-plugin-example:tickets would be written to run: " in result.out
    assert f"openai-compatible:{service.url}/v1:tiny:json_schema would be called" in result.out
    assert "4 rows of targen-plugin-example:tickets, based on a dry run" in result.out
    assert result.out.endswith("Dry run: targen made no calls and wrote no files.\n")
    facts = generate("--dry-run", "--json", *price).json
    assert facts["out"] == "run"
    assert sum(facts["labels"].values()) == 4
    assert facts["dollars"] > 0
    assert "exceeds --max-cost 1e-05" in generate("--dry-run", *price, "--max-cost", "0.00001").out
    assert "--max-cost" not in generate("--dry-run", *price, "--max-cost", "9").out
    assert service.seen == []
    assert not Path("run").exists()


def test_a_suite_out_of_budget_names_itself_and_what_to_type(refuses):
    expected = ("generate", "--suite", "superglue", "-n", 2, "-b", "scripted", "-q", "--no-cache")
    refuses(
        (*expected, "--max-tokens", 20_000),
        "suite superglue, in ",
        "repeat the command, targen generate --suite superglue, with a larger --max-tokens",
        code=1,
        keeps=False,
    )
    paths = Path("runs/superglue-0").glob("*/journal")
    lines = [line for path in paths for line in path.read_bytes().splitlines()]
    spent = [json.loads(line[9:]) for line in lines]
    assert 0 < sum(each["in"] + each["out"] for each in spent) <= 20_000, "of all tasks together"


def test_a_cap_below_what_a_run_has_spent_is_named_when_it_stops_the_run(targen, works):
    rows = ("rte", "-n", "4", "-b", "scripted", "-q", "--out", "run")
    works("generate", *rows)
    works("generate", *rows, "--max-tokens", "99")  # the journal answers every call
    done = targen("resume", "run", "-n", "6", "-q")
    assert done.code == 1 and "spent, more than the run's limit of 99, and the next" in done.err
    assert "resume with a larger --max-tokens" in done.err
    works("resume", "run", "-n", "6", "-q", "--max-tokens", "99000")
