"""Bad input of a run: its exit code, what the message names, a way out, and nothing changed.

`refuses` checks all of these; no message comes with a traceback, as `in_process` checks.
"""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from targen_core.options import Limits, ListOptions, RowOptions


def beyond():
    """Each number that a run is asked with, just outside of its range, and what is no number."""
    for model in (RowOptions, ListOptions, Limits):
        for name, field in model.model_json_schema()["properties"].items():
            for kind in field.get("anyOf", [field]):
                if not kind.keys() & {"minimum", "exclusiveMinimum"}:
                    continue
                whole = kind["type"] == "integer"
                least = kind.get("minimum", 0) - (1 if whole else 1e-9)
                low = kind.get("exclusiveMinimum", least)
                high = [10 * kind["maximum"] + 1] if "maximum" in kind else []
                for value in [low, low - 5, *high, *([] if whole else [math.nan])]:
                    yield f"--{name.replace('_', '-')}", value


@pytest.mark.parametrize(("flag", "value"), [*beyond()])
def test_a_number_beyond_its_range_is_refused(flag, value, refuses):
    more = {"--rounds": " --batch"}.get(flag, "")
    refuses(f"generate rte -b scripted -n 2 {flag} {value}{more}", f"{flag} is {value}")


def test_a_model_that_goes_bad_in_step_3_ends_the_run_and_says_why(refuses):
    line = "generate rte -b scripted -q -n 20 -o generate.garbage_rate=1 --out run --json"
    lacking = "labels entailment, not_entailment have 0 of 10 rows each "
    lacking += "(most common cause: malformed-reply"
    result = refuses(line, lacking, "larger --give-up-after", code=1, keeps=False)
    assert "gave up after 50 consecutive candidates failed to yield a row" in result.err
    for label in ("entailment", "not_entailment"):
        assert result.json["flow"][label]["judged"] == 50, "bounded by --give-up-after"
    assert result.json["given_up"] == ["entailment", "not_entailment"]
    assert Path("run/dataset.jsonl").read_text() == ""


# --- the run directory ------------------------------------------------------
