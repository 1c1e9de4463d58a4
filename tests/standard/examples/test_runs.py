"""Runs in the manner of examples: what is asked, what is refused, what a run keeps."""

from __future__ import annotations

from pathlib import Path

import pytest

import targen_core as tg
from targen_standard.task_files.model import Declaration

from ...runs import report

pytestmark = pytest.mark.whole  # a service is asked


class TestWhereTheyComeFrom:
    def test_python_takes_rows_frames_and_runs(self, texts):
        rows = [{"text": text, "label": label} for label in texts for text in texts[label]]
        pandas = pytest.importorskip("pandas")
        for number, examples in enumerate(
            [rows, pandas.DataFrame(rows), texts["calm"], "notes.txt", Path("notes.txt")]
        ):
            run = tg.generate(
                "porter.yaml",
                n=8,
                model="scripted",
                examples=examples,
                out=f"run{number}",
                cache=False,
                progress=False,
            )
            assert report(run.path)["examples"]["rows"] == (10 if number == 2 else 20)
        again = tg.generate(
            "porter.yaml", n=4, model="scripted", examples=run, out="again", progress=False
        )
        assert report(again.path)["examples"]["labelled"] == 8
        frozen = Declaration.from_file("porter.yaml").model_copy(update={"filters": ("examples",)})
        options = {"examples": {"examples": "notes.txt"}}
        run = tg.generate(frozen, n=4, model="scripted", options=options, out="opt", progress=False)
        assert report(run.path)["examples"]["rows"] == 20

    @pytest.mark.parametrize(
        ("typed", "error"),
        [
            (["--examples", "none.txt"], "--examples: there is no file none.txt"),
            (
                ["--examples", "few.txt"],
                "few.txt has 2 rows that can serve as examples, but at least 5",
            ),
            (["--filter", "examples"], "there are no examples"),
        ],
    )
    def test_what_cannot_be_used_is_an_error_with_what_to_type(self, refuses, typed, error):
        Path("few.txt").write_text("one thing\nanother thing\n", encoding="utf-8")
        refuses(("generate", "./porter.yaml", "-n", "2", "-b", "scripted", *typed), error)

    @pytest.mark.parametrize(
        ("column", "values", "error"),
        [
            ("tone", "[friendly, angry]", "line 2: its tone is 'dry'"),
            ("language", "[German, English]", "line 2: the example is not in German"),
        ],
    )
    def test_a_dimension_that_contradicts_them_is_refused(self, refuses, column, values, error):
        Path("task.yaml").write_text(
            "description: E-mails.\nlanguage: German or English\n"
            "labels: {refund: Money back., order: Where an order is.}\n"
            f"dimensions: {{{column}: {values}}}\n",
            encoding="utf-8",
        )
        rows = "".join(f"Where is order {n}? I have waited for it.,dry\n" for n in range(6))
        Path("rows.csv").write_text("text,tone\n" + rows, encoding="utf-8")
        typed = ("--examples", "rows.csv")
        said = f"dimensions.{column} ({values[1:-1]}) contradicts rows.csv, {error}"
        refuses(("generate", "./task.yaml", "-n", "2", "-b", "scripted", *typed), said)


class TestResuming:
    def test_replay_and_trace_need_no_file_either(self, targen, labelled, works):
        run = ("generate", "./porter.yaml", "-n", "8", "-b", "scripted", "-q", "--no-cache")
        works(*run, "--examples", labelled, "--out", "run")
        labelled.unlink()
        works("replay", "run", "--out", "again")
        assert Path("again/dataset.jsonl").read_bytes() == Path("run/dataset.jsonl").read_bytes()


class TestStrangersFiles:
    def test_a_task_file_cannot_name_a_file_outside_its_folder(self, targen, tmp_path):
        secret = tmp_path / "diary.txt"
        secret.write_text("\n".join(f"dear diary, day {at}" for at in range(9)), encoding="utf-8")
        task = Path("porter.yaml").read_text()
        for named in (str(secret), "../diary.txt"):
            Path("evil.yaml").write_text(f"{task}examples: {named}\n", encoding="utf-8")
            for words in (
                ("preview", "./evil.yaml", "-b", "scripted"),
                ("describe", "./evil.yaml"),
                ("generate", "./evil.yaml", "-n", "2", "-b", "scripted", "--out", "run"),
            ):
                done = targen(*words)
                assert done.code == 2, words
                assert "sets examples" in done.err
                assert "dear diary" not in done.out + done.err
            assert not Path("run").exists()
        link = Path("beside.txt")
        link.symlink_to(secret)
        Path("evil.yaml").write_text(f"{task}examples: beside.txt\n", encoding="utf-8")
        assert targen("preview", "./evil.yaml", "-b", "scripted").code == 2
