"""Bad input of a run: its exit code, what the message names, a way out, and nothing changed.

`refuses` checks all of these; no message comes with a traceback, as `in_process` checks.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

import pytest

from targen_core.options import Limits, ListOptions, RowOptions

GOOD = "The mill of Dunmore was rebuilt by Ada Brenner in 1993 after a storm."


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
    more = {"--contexts-fraction": " --contexts-limit 4", "--rounds": " --batch"}.get(flag, "")
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


@pytest.mark.parametrize("left", [(), (".lock", ".manifest.json.part", "given-contexts.jsonl")])
def test_an_empty_folder_and_what_a_run_killed_at_its_start_leaves_are_fine(left, rte, rows):
    Path("run").mkdir()
    for name in left:
        Path("run", name).write_text("")
    assert rte("-n", "4", "--out", "run").code == 0
    assert len(rows("run")) == 4


def test_the_folder_that_is_proposed_is_free_and_can_be_typed(finished, refuses, monkeypatch):
    Path("my run-2").mkdir()
    finished("rte", "-n", 4, out="my run")
    line = "generate rte -b scripted -n 4 --seed 1 --out"
    said = "my run contains a different run"
    assert "--out 'my run-3'" in refuses(f"{line} 'my run'", said, "targen resume 'my run'").err
    monkeypatch.chdir("my run")
    refuses(f"{line} .", ". contains a different run", f"--out '{Path.cwd()}-3'")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_where_nobody_may_write(finished, refuses):
    Path("locked").mkdir(mode=0o555)
    line = "generate rte -b scripted -n 4 --out locked/run"
    refuses(line, "cannot write to locked/run: Permission denied", code=1)
    finished("rte", "-n", 4)
    Path("run").chmod(0o555)
    said = "cannot write to run: Permission denied"
    refuses("resume run -n 8", said, "chmod -R u+w run, or copy the run", code=1)
    said = "cannot write run/analysis: Permission denied"
    refuses("analyze run --out run/analysis", said, "choose a different --out", code=1)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anywhere")
def test_another_user_s_cache_is_not_used(works, refuses, monkeypatch, tmp_path):
    monkeypatch.setenv("TARGEN_CACHE_DIR", str(tmp_path / "theirs"))
    Path("own.py").write_text("from targen_testing.sample import SAMPLE as TASK\n")
    line = "generate own.py -b scripted -q -n 2 --out"
    works(f"{line} a")
    Path("theirs").chmod(0)
    said = works(f"{line} b").err
    assert "running without the reply cache" in said
    assert "set TARGEN_CACHE_DIR to a folder of your own" in said
    refuses("resume a -n 4", "contains code, but targen did not write it here")
    local = "generate rte -n 2 -b local --out c"
    hint = "set TARGEN_CACHE_DIR to a folder"
    refuses(local, "cannot store the model in", hint, code=1, keeps=False)
    Path("theirs").chmod(0o700)


@pytest.mark.parametrize("flag", ["contexts", "seeds"])
def test_a_run_s_own_copy_of_contexts_or_seeds_was_edited(flag, rte, refuses):
    item = GOOD if flag == "seeds" else "school meals in Dunmore of 1993"
    lines = [item.replace("1993", str(year)) + "\n" for year in range(1950, 1960)]
    Path("mine.txt").write_text("".join(lines))
    rte("-n", "2", f"--{flag}", "mine.txt", "--out", "run")
    path = Path(f"run/given-{flag}.jsonl")
    path.write_text(path.read_text().replace("Dunmore", "Oberau"))
    said = f"this run was started with a different list of {flag}"
    refuses("resume run -n 4 -q", said, "resume it with its original options and files")
    path.unlink()
    refuses("resume run -q", f"--{flag} file run/given-{flag}.jsonl: No such file")
