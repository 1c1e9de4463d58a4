"""Runs in the manner of examples: what is asked, what is refused, what a run keeps."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

import targen_core as tg
from targen_standard.examples import showing
from targen_standard.examples.measuring import varied
from targen_standard.task_files.model import Declaration

from ...runs import records, report

pytestmark = pytest.mark.whole  # a service is asked


def examples_in(prompt):
    """The texts that a prompt shows."""
    _, found, shown = prompt.partition("Take their manner and not their matter")
    return [line[2:] for line in shown.split("\n") if line.startswith("- ")] if found else []


class TestWhatIsShown:
    def test_a_handful_in_each_prompt_in_turns(self, served, like, texts, targen):
        asked = served()
        assert like(asked, "--examples", "notes.txt", "--out", "run").code == 0
        hands = [examples_in(prompt) for prompt in asked.prompts]
        assert {len(hand) for hand in hands} == {5}
        shown = Counter(text for hand in hands for text in hand)
        assert shown.keys() == {*texts["calm"], *texts["alarm"]}, "all come"
        assert max(shown.values()) - min(shown.values()) <= 4
        assert all("of the label above" not in prompt for prompt in asked.prompts)
        said = targen("report", "run").out
        assert "20 examples, shown to the model; 0 copies of examples rejected." in said
        assert "real texts that the person" in " ".join(Path("run/README.md").read_text().split())

    def test_labelled_ones_are_shown_to_their_own_label(self, served, like, texts, labelled):
        asked = served()
        with open("porter.yaml", "a", encoding="utf-8") as file:
            file.write("examples: notes.txt\n")  # what is typed comes first
        assert like(asked, "--examples", labelled, "--out", "run").code == 0
        assert report("run")["examples"]["labelled"] == 20
        for prompt in asked.prompts:
            own = "calm" if "label is surely this one:\ncalm:" in prompt else "alarm"
            assert {*examples_in(prompt)} <= {*texts[own]}
            assert "of the label above" in prompt

    def test_unlabelled_ones_are_not_said_to_be_shown_if_each_label_has_its_own(
        self, served, like, labelled, targen
    ):
        plain = [f"Nothing at gate {at} today" for at in range(5)]
        with labelled.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps({"text": text}) + "\n" for text in plain)
        asked = served()
        assert like(asked, "--examples", labelled, "--out", "run").code == 0
        assert not {*plain} & {text for prompt in asked.prompts for text in examples_in(prompt)}
        said = targen("report", "run").out
        assert "25 examples, shown to the model except 5 without a label (every label has" in said

    def test_of_many_a_varied_hundred(self, served, like):
        many = [f"{'very ' * (at % 40)}odd noise number {at}" for at in range(600)]
        Path("many.txt").write_text("\n".join(many), encoding="utf-8")
        asked = served()
        done = like(
            *(asked, "--examples", "many.txt", "-o", "examples.shown=50", "--out", "run"), n=24
        )
        assert done.code == 0, done.err
        shown = {text for prompt in asked.prompts for text in examples_in(prompt)}
        assert len(shown) == 100
        lengths = Counter(len(text.split()) // 11 for text in shown)
        assert lengths.keys() == {0, 1, 2, 3}
        assert max(lengths.values()) < 2 * min(lengths.values())

    def test_labels_without_examples_share_theirs(self, works, monkeypatch):
        labels = "".join(f"  at-{at}: it is at {at}\n" for at in range(60))
        Path("many.yaml").write_text(f"description: Notes.\nlabels:\n{labels}")
        chosen = []
        monkeypatch.setattr(showing, "varied", lambda *of: chosen.append(of) or varied(*of))
        whole = ("-o", "examples.profile=whole", "-b", "scripted")
        works("generate", "many.yaml", "--label", "at-3=1", "--examples", "notes.txt", *whole)
        assert len(chosen) == 2, "for step 3, and for step 4"

    def test_of_a_pair_the_seeds_are_as_long_as_the_examples_and_shown_with_them(self, works):
        Path("shop.yaml").write_text(
            "description: Queries and titles.\nlabels: {exact: it fits, other: it does not}\n"
            "fields: {query: a query, title: a title}\nseeds: {field: query}\n"
        )
        queries = ["air fryer", "clear case", "usb cable", "mug", "blue baby socks"]
        rows = [f"{query},The {query} of brand {at}" for at, query in enumerate(queries)]
        Path("pairs.csv").write_text("\n".join(["query,title", *rows]))
        how = ("--examples", "pairs.csv", "-b", "scripted", "--out", "run")
        works("generate", "shop.yaml", "-n", "10", *how)
        drawn = {row["dimensions"]["query length"] for row in records("run")}
        assert drawn == {"about 2 words", "one or two words", "about 3 words"}
        seen = works("trace", "run", "0", "--full").out
        assert "- query: clear case\n" in seen
        assert "The clear case of brand 1" in seen

    def test_a_task_in_code_does_not_know_of_it(self, served, works):
        rows = [
            {
                "premise": f"Tower {at} has {at} steps.",
                "hypothesis": f"It has {at} steps, they say.",
            }
            for at in range(11, 20)
        ]
        Path("rte.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        done = works("preview rte -b scripted --examples rte.jsonl -n 2 --full")
        written = done.out.partition("--- generate: ")[2].partition("--- correct: ")[0]
        assert len(examples_in(written)) == 5
        assert "they say." in written
        assert "Tower" not in written.partition("Take their manner")[2], "a seed gives the premise"


def test_forms_leave_names_out_where_nouns_have_capitals(works):
    text = "Das ist ja mit der Post zu mir gekommen, und es war nicht für mich"
    Path("own.txt").write_text("".join(f"{text} {at}.\n" for at in range(20)))
    asked = ("porter.yaml", "-b", "scripted", "--examples", "own.txt", "--no-show-examples")
    works("generate", *asked, "-n", "2", "--out", "run")
    works("resume", "run", "-n", "4")
    assert not any("name" in record["dimensions"]["form"] for record in records("run"))


def test_forms_know_the_marks_of_other_scripts(works):
    Path("own.txt").write_text("".join(f"رقم {at} هنا؛ أو «هناك»،\n" for at in range(20)))
    asked = ("porter.yaml", "-b", "scripted", "--examples", "own.txt", "--no-show-examples")
    works("generate", *asked, "-n", "2", "--out", "run")
    works("resume", "run", "-n", "4")
    for record in records("run"):
        assert "a semicolon" in record["dimensions"]["form"]
        assert record["dimensions"]["form"].endswith("; broken off at the end")


def test_forms_know_the_abbreviations_of_the_language(works):
    text = "Der Unfall war am 3. Mai bzw. Juni, und ich war nicht bei der Post, um"
    Path("own.txt").write_text("".join(f"{text} {at} Uhr.\n" for at in range(20)))
    asked = ("porter.yaml", "-b", "scripted", "--examples", "own.txt", "--no-show-examples")
    works("generate", *asked, "-n", "2", "--out", "run")
    works("resume", "run", "-n", "4")
    assert all("in one sentence" in record["dimensions"]["form"] for record in records("run"))
    assert "in one sentence" in works("profile", "own.txt").out


class TestPrivacy:
    def test_a_service_sees_no_example_when_showing_is_off(self, served, like, texts, labelled):
        asked = served()
        done = like(asked, "--examples", labelled, "--no-show-examples", "--out", "run")
        assert done.code == 0, done.err
        assert len(asked.prompts) >= 16
        sent = asked.everything
        for text in [*texts["calm"], *texts["alarm"]]:
            words = text.split()
            for at in range(len(words) - 2):
                assert " ".join(words[at : at + 3]) not in sent
        assert "form: " in sent, "the profile is drawn from"
        assert report("run")["examples"]["shown"] is False


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
        frozen = Declaration.from_file("porter.yaml").model_copy(
            update={"examples": None, "filters": ("examples",)}
        )
        options = {"examples": {"examples": "notes.txt", "shown": 3}}
        run = tg.generate(frozen, n=4, model="scripted", options=options, out="opt", progress=False)
        assert all(record["notes"]["examples"].count(",") == 2 for record in records(run.path))

    @pytest.mark.parametrize(
        ("typed", "error"),
        [
            (["--examples", "none.txt"], "--examples: there is no file none.txt"),
            (
                ["--examples", "few.txt"],
                "few.txt has 2 rows that can serve as examples, but at least 5",
            ),
            (["--no-show-examples"], "there are no examples and no profile"),
        ],
    )
    def test_what_cannot_be_used_is_an_error_with_what_to_type(self, refuses, typed, error):
        Path("few.txt").write_text("one thing\nanother thing\n", encoding="utf-8")
        refuses(("generate", "./porter.yaml", "-n", "2", "-b", "scripted", *typed), error)


class TestResuming:
    def test_replay_and_trace_need_no_file_either(self, targen, labelled, works):
        run = ("generate", "./porter.yaml", "-n", "8", "-b", "scripted", "-q", "--no-cache")
        works(*run, "--examples", labelled, "--out", "run")
        labelled.unlink()
        works("replay", "run", "--out", "again")
        assert Path("again/dataset.jsonl").read_bytes() == Path("run/dataset.jsonl").read_bytes()
        assert "Take their manner" in targen("trace", "run", "0", "--full").out


class TestStrangersFiles:
    def test_a_task_file_cannot_name_a_file_outside_its_folder(self, targen, tmp_path):
        secret = tmp_path / "diary.txt"
        secret.write_text("\n".join(f"dear diary, day {at}" for at in range(9)), encoding="utf-8")
        task = Path("porter.yaml").read_text()
        for named in (str(secret), "../diary.txt", "{file: ../diary.txt}"):
            Path("evil.yaml").write_text(f"{task}examples: {named}\n", encoding="utf-8")
            for words in (
                ("preview", "./evil.yaml", "-b", "scripted"),
                ("describe", "./evil.yaml"),
                ("generate", "./evil.yaml", "-n", "2", "-b", "scripted", "--out", "run"),
            ):
                done = targen(*words)
                assert done.code == 2, words
                assert "sets examples.file" in done.err
                assert "dear diary" not in done.out + done.err
            assert not Path("run").exists()
        link = Path("beside.txt")
        link.symlink_to(secret)
        Path("evil.yaml").write_text(f"{task}examples: beside.txt\n", encoding="utf-8")
        assert targen("preview", "./evil.yaml", "-b", "scripted").code == 2
