"""A name with a typing error: the message says what it may have been, wherever it is typed."""

from __future__ import annotations

import pytest

from ...tables import table

NEAREST = """
    describ rte | describe
    describe rtee | rte
    describe voet | vote
    describe article-tilte | article-titles
    describe rte --kind taks | task
    preview rtw | rte
    {run} --backend-for correct=scriptd | scripted
    {run} -o seed.batch=2 | seeds
    {run} --corrector mta | meta
    {run} --variant papr | paper
    generate rte -b scripted --preset papre | paper
    generate rte -b scripted --label entailmnt=2 | entailment
    generate --suite superglu -n 2 -b scripted | superglue
    export rows.jsonl --task rte --as jsnl | jsonl
    correct rows.jsonl --task rtte | rte
    new backnd x | backend
"""
FLAGS = """
    generate --patience | did you mean --max-outage?
    generate --contexts-share | did you mean --contexts-fraction?
    generate --rows | did you mean --number?
    generate --corector | --corrector
    validate --most | did you mean --limit?
    runs --temperature | targen runs --help
"""


@pytest.mark.parametrize(("line", "meant"), table(NEAREST, 2))
def test_the_nearest_name_is_suggested(line, meant, refuses, tmp_path):
    (tmp_path / "rows.jsonl").write_text("{}\n")
    refuses(line.format(run="generate rte -b scripted -q -n 2"), "", f"did you mean {meant}")


@pytest.mark.parametrize(("line", "hint"), table(FLAGS, 2))
def test_an_option_that_there_is_not_gets_a_hint(line, hint, refuses):
    command, option = line.split()
    refuses(f"{command} x {option} 1", f"targen {command} has no option {option}", hint)
