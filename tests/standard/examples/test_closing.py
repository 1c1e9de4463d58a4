"""Closing the gap: what examples are about and never do is told, and giveaways are refused."""

from __future__ import annotations

import itertools
import json
import random
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from targen_core.engine.commits import Commit
from targen_core.engine.filters import Candidate
from targen_standard.examples import ExampleOptions
from targen_standard.examples.closing import GIVEN_AWAY, ClosingFilter
from targen_standard.examples.measuring import Spoken
from targen_standard.examples.profile import Profile
from targen_standard.examples.reading import Example
from targen_standard.examples.subjects import SUBJECT, closely_measured, subjects_of
from targen_standard.examples.telltales import SEEN
from targen_standard.task_files.model import Declaration

from ...runs import records, report

SUBJECTS = ("boiler", "window")


def notes(count=40):
    """Short statements without a comma, about a boiler, a window or either."""
    return [
        f"the {SUBJECTS[at % 2]} of room {at} is {'very ' * (at % 3)}old" for at in range(count)
    ]


@pytest.fixture(autouse=True)
def _notes(_here):
    Path("notes.txt").write_text("\n".join(notes()) + "\n", encoding="utf-8")


def examples(texts, label=None):
    return [Example(at, text, (text,), label) for at, text in enumerate(texts, 1)]


def of_examples(run):
    return report(run)["examples"]


def candidate(text, label="calm"):
    row = {"idx": 0, "text": text, "label": label}
    return Candidate("", None, text, text, label, lambda: [row])


def closing(extra=0.2):
    """A filter as a run has it: it has looked at the task."""
    made = ClosingFilter(ExampleOptions(examples=Path("notes.txt"), close_gap=True, extra=extra))
    made.check_task(Declaration.from_file("porter.yaml").task())
    return made


def judged(made, texts):
    """The verdict on each text, as the engine counts it."""
    verdicts = []
    for at, text in enumerate(texts):
        refusal = made.find(candidate(text))
        reason = refusal.reason if refusal else ""
        entry = b"" if refusal else made.add(candidate(text))
        stage = "filter" if refusal else ""
        verdict = "rejected" if refusal else "accepted"
        commit = Commit(
            *(str(at), verdict, "calm", None, None, stage, reason),
            rows=int(not refusal),
            calls=1,
            entry=entry,
        )
        made.count("calm", commit)
        verdicts.append(commit)
    return verdicts


def tidy(at):
    return f"Well, as I said; number {at} seems fine, thank you!"


class TestRefusing:
    def test_rows_like_the_examples_are_kept_beside_others(self):
        rng = random.Random(3)
        alike = [f"the {rng.choice(SUBJECTS)} of room {at} is {'very ' * (at % 3)}old"
                 for at in range(40)]  # fmt: skip
        texts = [text for pair in zip(alike, map(tidy, range(40)), strict=True) for text in pair]
        refused = {text for text, commit in zip(texts, judged(closing(0.5), texts), strict=True)
                   if commit.reason == GIVEN_AWAY}  # fmt: skip
        assert len(refused) > 4
        assert refused.isdisjoint(alike)

    def test_what_the_shares_of_labels_explain_gives_nothing_away(self):
        made = closing()
        for at in range(60):  # each subject is of one label, and of one example in two
            label = ("calm", "alarm")[at % 2]
            made.add(
                candidate(
                    f"the {SUBJECTS[at % 2]} of room {at % 40} is {'very ' * (at % 3)}old", label
                )
            )
        assert made.find(candidate("the boiler of room 7 is very old", "calm")) is None
        assert made.find(candidate("the window of room 8 is very old", "alarm")) is None
        assert made.find(candidate("the window of room 8 is very old!", "alarm")) is None
        for label in ("calm", "alarm") * 9:
            made.add(candidate("the boiler of room 7 is very old!", label))
        assert made.find(candidate("the boiler of room 7 is very old!", "calm")) is not None

    @settings(max_examples=8)
    @given(st.lists(st.booleans(), min_size=1, max_size=60), st.sampled_from([0.1, 0.2, 1.0]))
    def test_never_more_than_the_budget_and_the_same_again_from_any_place(self, kinds, extra):
        texts = [
            tidy(at) if kind else f"the lift of wing {at} is old" for at, kind in enumerate(kinds)
        ]
        whole = judged(closing(extra), texts)
        had = Counter()
        for commit in whole:
            had[commit.verdict] += 1
            assert had["rejected"] <= extra * had["accepted"] + 1e-9
        for cut in {0, len(texts) // 2, len(texts)}:
            again = closing(extra)
            again.restore([c.entry for c in whole[:cut] if c.verdict == "accepted"])
            for commit in whole[:cut]:
                again.count("calm", commit)
            assert [c.entry or c.reason for c in judged(again, texts[cut:])] == [
                c.entry or c.reason for c in whole[cut:]
            ]
            assert again.report({}) == closing_report(whole, extra)

    def test_it_says_what_gave_a_row_away_and_spends_refusals_on_the_worst(self):
        texts = [f"a door in hall {at}, is red{'' if at % 3 else '!'}" for at in range(90)]
        made = closing()
        refused = [text for text, commit in zip(texts, judged(made, texts), strict=True)
                   if commit.reason == GIVEN_AWAY]  # fmt: skip
        assert len(refused) > 10
        assert all(text.endswith("!") for text in refused[4:])
        for text in texts[1:3] * 5:
            made.add(candidate(text))
        detail = made.find(candidate(texts[0])).detail
        assert re.search(r"\d+ of \d\d rows contain .* compared with 0% of the examples", detail)
        assert made.find(candidate("the window of room 99 is old")) is None

    @pytest.mark.parametrize(
        "changed",
        [
            *("", "{}", "7", '["calm", 1, 0]', '[[], "text", 0]', "[" * 200_000),
            lambda branch, text, score: [branch, text, score + 1],
            lambda branch, text, score: [branch, text, bool(score)],
            lambda branch, text, score: [branch, text, float(score)],
            lambda branch, text, score: [branch, text],
            lambda branch, text, score: {"1": branch, "2": text, "3": score},
        ],
    )
    def test_entries_that_are_not_its_own_or_were_changed_are_refused(self, changed):
        entry = closing().add(candidate("the boiler, it is old"))
        closing().restore([entry])
        if not isinstance(changed, str):
            changed = json.dumps(changed(*json.loads(entry)))
        with pytest.raises(ValueError):
            closing().restore([changed.encode()])


def closing_report(commits, extra):
    made = closing(extra)
    made.restore([commit.entry for commit in commits if commit.verdict == "accepted"])
    return made.report({})


@given(st.text(alphabet=st.sampled_from("ab \n\r\t\x0b\x1c\x85\u2028")))
def test_a_text_has_several_lines_if_words_stand_in_two(text):
    assert SEEN["have several lines"](text) == bool(re.search(r"\S\s*\n\s*\S", text))


class TestSubjects:
    def test_words_of_a_label_are_no_subjects(self):
        task = Declaration.from_file("porter.yaml").task()
        rows = examples([f"the alarms rang, nobody hurt {at}" for at in range(20)])
        assert subjects_of(rows, task)[0].words[0] == "hurt"
        assert {topic.words[0] for topic in subjects_of(rows, None)} == {"alarms"}
        rows = examples([f"the siren is number {at}" for at in range(20)], "a")
        rows += examples([f"the kettle is number {at}" for at in range(20)], "b")
        assert [topic.words[0] for topic in subjects_of(rows, None)] == ["number"]

    def test_weights_follow_the_texts_and_words_that_few_share_are_not_drawn(self):
        odd = [f"{chr(97 + at) * 5} and {chr(98 + at) * 6}" for at in range(24)]
        assert SUBJECT not in closely_measured(examples(odd), None, Profile(), Spoken()).traits
        texts = [f"the {'garden' if at % 4 else 'tunnel'} {at} is old" for at in range(24)]
        texts += [f"{chr(97 + at) * 5} is odd" for at in range(16)]
        traits = closely_measured(examples(texts), None, Profile(), Spoken()).traits
        assert traits[SUBJECT] == {"“garden”": 9, "“tunnel”": 3, "anything else": 8}

    def test_subjects_are_spelled_as_in_most_texts(self, works):
        names = ("Frau Groß", "Frau Gross", "Frau Groß", "Jürgen")
        texts = [f"Das ist Nr. {at} von {names[at % 4]}." for at in range(40)]
        Path("namen.txt").write_text("\n".join(texts), encoding="utf-8")
        profile = works("profile", "namen.txt").out
        assert "“Frau, Groß”: 15" in profile
        assert "hardly any of them have more than one sentence" in profile
        line = ("generate", "porter.yaml", "-n", 20, "-b", "scripted", "--examples", "namen.txt")
        works(*line, "--close-gap", "--out", "run")
        works("resume", "run", "-n", 24)
        drawn = {record["dimensions"].get(SUBJECT) for record in records("run")}
        assert drawn <= {"“Frau, Groß”", "“Jürgen”"}

    @pytest.mark.whole
    def test_prompts_leave_out_that_a_subject_may_be_any(self, served, like):
        odd = [f"{chr(97 + at) * 5} is odd" for at in range(20)]
        Path("notes.txt").write_text("\n".join([*notes(20), *odd]), encoding="utf-8")
        asked = served()
        assert like(asked, "--examples", "notes.txt", "--close-gap").code == 0
        assert any("may touch on: “" in prompt for prompt in asked.prompts)
        assert not any("anything else" in prompt for prompt in asked.prompts)


@pytest.mark.whole
class TestRuns:
    def test_what_no_example_does_is_told_to_the_model(self, served, like):
        asked = served()
        assert like(asked, "--examples", "notes.txt", "--close-gap").code == 0
        assert all("hardly any of them contain" in prompt for prompt in asked.prompts)
        assert all("a comma" in prompt for prompt in asked.prompts)
        again = served()
        assert like(again, "--examples", "notes.txt").code == 0
        assert not any("hardly any" in prompt for prompt in again.prompts)

    def test_the_report_counts_and_a_run_does_not_fall_short(self, served, like, targen, made_up):
        asked = served(lambda prompt: {"text": f"Well, {made_up(prompt)[:-1]}; it seems so!"})
        done = like(asked, "--examples", "notes.txt", "--close-gap", "--out", "run", n=40)
        assert done.code == 0, done.err
        gap = of_examples("run")["gap"]
        found = [each for each in records("run", "rejects.jsonl") if each["reason"] == GIVEN_AWAY]
        assert 0 < gap["refused"] == len(found) <= 8
        assert "contain" in found[0]["notes"]["gives_away"]
        assert "contain a comma" in {each["rows_that"] for each in gap["apart"]}
        said = targen("report", "run").out
        assert f"{gap['refused']} candidates rejected for looking generated." in said
        assert "(100% vs 0%)" in said

    def test_few_examples_are_refused(self, refuses):
        Path("few.txt").write_text("\n".join(notes(19)), encoding="utf-8")
        line = ("generate", "./porter.yaml", "-n", "2", "-b", "scripted", "--close-gap")
        refuses((*line, "--examples", "few.txt"), "few.txt has 19 rows that can serve as examples")
        refuses(line, "there are no examples")


@pytest.mark.whole
class TestPlantedCopies:
    def test_each_kind_is_refused_of_a_task_files_examples(self, served, like, made_up):
        long = (
            "the old porter of the north gate says that the big lamp by the stairs went out again"
        )
        Path("notes.txt").write_text("\n".join([*notes(20), long]), encoding="utf-8")
        with open("porter.yaml", "a", encoding="utf-8") as file:
            file.write("examples: notes.txt\n")
        planted = [
            *(long, long.upper() + "!", long.replace("lamp", "lamps")),
            f"Dear all, {' '.join(long.split()[:13])} which I mended by myself before breakfast.",
        ]
        numbers = itertools.count()

        def reply(prompt):
            at = next(numbers)
            return {"text": planted[at] if at < len(planted) else made_up(prompt)}

        asked = served(reply)
        assert like(asked, "--out", "run", "--concurrency", 1, n=8).code == 0
        found = records("run", "rejects.jsonl")
        assert [each["instance"]["text"] for each in found] == planted
        assert {(each["reason"], each["notes"]["example"]) for each in found} == {
            ("copy-of-an-example", 21)
        }
        assert of_examples("run")["copies"] == len(planted)
