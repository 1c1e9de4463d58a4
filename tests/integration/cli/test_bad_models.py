"""Models and plugins that misbehave: the run ends with what there is, and says why."""

from __future__ import annotations

from pathlib import Path


def _error(result) -> str:
    (line,) = [line for line in result.err.splitlines() if line.startswith("error")]
    return line


def test_a_model_that_goes_bad_in_step_3(rte, rows):
    result = rte("-n", "20", "-o", "generate.garbage_rate=1", "--out", "run", "--json")
    assert result.code == 1
    lacking = "labels entailment, not_entailment have 0 of 10 rows each "
    lacking += "(most common cause: malformed-reply"
    assert lacking in _error(result)
    for label in ("entailment", "not_entailment"):
        assert result.json["flow"][label]["judged"] == 50, "bounded by --give-up-after"
    assert "gave up after 50 consecutive candidates failed to yield a row" in _error(result)
    assert "larger --give-up-after" in result.err
    assert result.json["given_up"] == ["entailment", "not_entailment"]
    assert rows("run") == []


def test_a_service_that_is_down(rte, targen):
    result = rte("-n", "4", "-o", "down=true", "--max-outage", "0.01", "--out", "run")
    assert result.code == 1
    assert "no answer from the service within" in _error(result)
    assert "the script is down" in _error(result)
    assert "larger --max-outage" in result.err
    assert not Path("run").exists(), "it holds no answer"
