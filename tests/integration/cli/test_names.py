"""A name with a typing error: the message says what it may have been, wherever it is typed."""

from __future__ import annotations

import pytest

RUN = ("generate", "rte", "-b", "scripted", "-q", "-n", "2")


@pytest.mark.parametrize(
    ("args", "meant"),
    [
        (("generat", "rte"), "generate"),
        (("describ", "rte"), "describe"),
        (("describe", "rtee"), "rte"),
        (("describe", "RTE"), "rte"),
        (("describe", "scriptd"), "scripted"),
        (("describe", "voet"), "vote"),
        (("describe", "jsnol"), "jsonl"),
        (("describe", "article-tilte"), "article-titles"),
        (("describe", "rte", "--kind", "taks"), "task"),
        (("describe", "rte", "--variant", "papr"), "paper"),
        (("generate", "targen-tasks-superglue:rtr", "-n", "2"), "rte"),
        (("preview", "rtw"), "rte"),
        (("estimate", "bolq", "-n", "2"), "boolq"),
        (("generate", "rte", "-n", "2", "-b", "script"), "scripted"),
        (("backends", "check", "scriptd"), "scripted"),
        ((*RUN, "--backend-for", "corect=scripted"), "correct"),
        ((*RUN, "--backend-for", "correct=scriptd"), "scripted"),
        ((*RUN, "-o", "garbage_rat=0.1"), "garbage_rate"),
        ((*RUN, "-o", "temprature=0.1"), "temperature"),
        ((*RUN, "-o", "seed.batch=2"), "seeds"),
        ((*RUN, "--corrector", "mta"), "meta"),
        ((*RUN, "--variant", "papr"), "paper"),
        (("generate", "rte", "-b", "scripted", "--preset", "papre"), "paper"),
        (("generate", "rte", "-b", "scripted", "--label", "entailmnt=2"), "entailment"),
        (("generate", "--suite", "superglu", "-n", "2", "-b", "scripted"), "superglue"),
        (("export", "rows.jsonl", "--task", "rte", "--as", "jsnl"), "jsonl"),
        (("export", "rows.jsonl", "--task", "rtte"), "rte"),
        (("validate", "rows.jsonl", "--task", "rtte"), "rte"),
        (("correct", "rows.jsonl", "--task", "rtte"), "rte"),
        (("new", "backnd", "x"), "backend"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else value,
)
def test_the_nearest_name_is_suggested(args, meant, targen, tmp_path):
    (tmp_path / "rows.jsonl").write_text("{}\n")
    result = targen(*args)
    assert result.code == 2
    (hint,) = [line for line in result.err.splitlines() if line.startswith("  try: ")]
    assert f"did you mean {meant}" in hint
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("flag", ["--corector", "--bakend", "--variantt"])
def test_a_flag_with_a_typing_error(flag, targen):
    result = targen("generate", "rte", flag, "x")
    assert result.code == 2
    assert f"has no option {flag}" in result.err
    assert "--corrector" in result.err or "--backend" in result.err or "--variant" in result.err
