"""A profile: measured by code, the same for every label, drawn in its shares, and edited."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest
import tomlkit
import yaml
from hypothesis import given
from hypothesis import strategies as st

from targen_core.tasks.dimensions import digest_of, draw
from targen_standard.examples import filter as of_examples
from targen_standard.examples.forms import form_of, forms_of
from targen_standard.examples.limits import imitated
from targen_standard.examples.measuring import Spoken, topics_of, weights_of
from targen_standard.examples.profile import FORM, Profile, Trait
from targen_standard.examples.reading import Example, Examples
from targen_standard.task_files.model import Declaration

from ...runs import records
from ...tables import table

WEIGHTS = st.dictionaries(
    st.text("abcdefgh", min_size=1, max_size=3), st.integers(1, 9), min_size=1, max_size=7
)
CHOICE = "some of them have one of these turns; choose one that suits the row, if any does"
LINES = table((Path(__file__).parent / "forms.txt").read_text(encoding="utf-8"), columns=2)


def examples(texts, label=None):
    return [Example(at, text, (text,), label) for at, text in enumerate(texts, 1)]


class TestTheDraw:
    @given(
        WEIGHTS,
        st.integers(0, 99),
        st.integers(0, 3),
        st.integers(0, 60),
        st.integers(1, 60),
        st.booleans(),
    )
    def test_so_do_neighbours_in_a_run_within_two(self, weights, seed, below, first, count, even):
        trait, total = Trait(name="form", values=weights, even=even), sum(weights.values())
        first -= first % total  # a walk begins
        for many in (min(count, total), total, 3 * total):
            had = Counter(trait.at(seed, (at, below)) for at in range(first, first + many))
            for value, weight in weights.items():
                apart = abs(had[value] - many * weight / total)
                assert apart < (1e-9 if many % total == 0 else 2)

    @pytest.mark.parametrize("even", [True, False])
    def test_traits_of_one_size_do_not_go_in_step(self, even):
        one, other = (
            Trait(name=name, values={"a": 5, "b": 5}, even=even) for name in ("form", "writing")
        )
        pairs = Counter(
            (one.at(0, (at, below)), other.at(0, (at, below)))
            for below in range(20)
            for at in range(10)
        )
        assert len(pairs) == 4
        assert min(pairs.values()) > 30

    def test_even_traits_do_not_walk_side_by_side(self):
        """Nor are they near each other in the few rows of a small run."""
        values = {str(number): 1 for number in range(10)}
        apart = Counter[int]()
        for seed in range(40):
            one, other = (Trait(name=name, values=values, even=True) for name in ("a", "b"))
            pairs = [(int(one.at(seed, (n,))), int(other.at(seed, (n,)))) for n in range(6)]
            apart.update((a < 5) == (b < 5) for a, b in pairs)
        assert 0.35 < apart[True] / apart.total() < 0.65

    @given(WEIGHTS, st.integers(0, 99), st.integers(2, 9))
    def test_each_branch_has_each_value_as_often_as_its_weight_says(self, weights, seed, branches):
        trait, total = Trait(name="form", values=weights, by_branch=True), sum(weights.values())
        had = [
            Counter(draw([trait], seed, (at, 0, 0), branch)["form"] for at in range(total))
            for branch in range(branches)
        ]
        assert all(counts == weights for counts in had), "so no value says anything of a branch"
        beside = [
            {draw([trait], seed, (at, 0, 0), branch)["form"] for branch in range(branches)}
            for at in range(total)
        ]
        if len(weights) > 1 and max(weights.values()) == 1:
            assert all(len(each) == min(branches, total) for each in beside), "and they differ"

    @given(st.integers(3, 24), st.integers(0, 99), st.data())
    def test_few_rows_draw_many_of_the_values(self, size, seed, data):
        values = [*map(str, range(size))]
        trait = Trait(name="length", values=values, even=True)
        contexts = data.draw(st.integers(1, size))
        seeds = data.draw(st.integers(1, max(1, size // contexts)))
        drawn = [
            int(trait.at(seed, (context, below)))
            for context in range(contexts)
            for below in range(seeds)
        ]
        assert len({*drawn}) > len(drawn) / 2

    def test_another_weight_is_another_run(self):
        digests = {digest_of(Trait(name="form", values={"a": n, "b": 3})) for n in (1, 2, 4)}
        assert len(digests) == 3


PIECES = st.sampled_from(
    "the door is shut and U R l8 2 costs £3, 50p or 44% for Anna at 07700900123 call www.a.b "
    "WHY SO LOUD? well... (or) [not] — said Åsa: 1. 2) hi; ‘so’ 門が 閉まる。 \n :-) !! um".split(
        " "
    )
)


LONG = [f"Room {at} is warm, and the guests in it have asked for nothing." for at in range(10)]


class TestLimits:
    @pytest.mark.parametrize(("fit", "left"), [(9, 9), (5, 5), (4, 30)])
    def test_limits_count_if_enough_texts_are_within_them(self, fit, left):
        texts = [f"{'so ' * (4 if at < fit else 40)}it is." for at in range(30)]
        found = imitated(Examples("notes", tuple(examples(texts))), (5, 12))
        assert len(found.examples.rows) == left
        assert [*map(len, found.set_aside.values())] == ([30 - fit] if left == fit else [])


class TestForms:
    @given(st.lists(PIECES, min_size=1, max_size=60).map(" ".join))
    def test_every_text_has_one_that_can_be_drawn_and_has_no_word_of_it(self, text):
        form = form_of(text, Spoken("English"))
        trait = Trait(name=FORM, values={form: 1})
        assert trait.at(0, (0, 0)) == form
        assert form.count(";") <= 5
        own = {"door", "shut", "costs", "anna", "call", "loud", "said", "åsa"}
        assert not own & {*re.findall(r"\w+", form.casefold())}
        assert not re.search("07700900123|44|£|門", form)
        assert form == form_of(text, Spoken("English"))

    @given(st.integers(1, 400))
    def test_a_length_is_near_the_texts(self, count):
        form = form_of(" ".join(["word"] * count) + ".", Spoken("English"))
        said = re.match(r"(?:about (\d+)|one or two) words in one", form)
        assert abs(int(said[1] or 1) - count) <= max(1, count / 7)

    @given(st.integers(1, 40), st.integers(1, 40))
    def test_each_label_has_as_many(self, many, few):
        rows = examples([f"it is {'very ' * at}old." for at in range(many)], "many")
        rows += examples([f"Why is it {'very ' * at}old?" for at in range(few)], "few")
        forms = Counter()
        for form, weight in forms_of(rows, Spoken("English")).items():
            forms["question" in form] += weight
        assert forms[True] == forms[False] == max(many, few)


class TestMeasuring:
    @pytest.mark.parametrize(("form", "text"), LINES)
    def test_a_text_has_what_its_line_says(self, form, text):
        assert form_of(text, Spoken("English")) == form

    def test_each_label_counts_alike(self):
        rows = examples(["one two."] * 30, "many") + examples(["Is it so?"] * 3, "few")
        assert sum(weights_of(rows)) == pytest.approx(1)
        assert sum(weights_of(rows)[:30]) == pytest.approx(0.5)

    def test_topics_are_named_by_what_texts_share(self):
        rows = examples(
            [f"The {kind} rang {at} times" for kind in ("phone", "siren") for at in range(9)]
        )
        rows += examples(["the phone is new", "a siren is loud"])
        named = [topic.words[0] for topic in topics_of(rows)]
        assert named[:1] == ["rang"] or {*named[:2]} == {"phone", "siren"}
        assert sum(topic.rows for topic in topics_of(rows)) <= len(rows)


def drawn(run):
    return [(record["label"], record.get("dimensions", {})) for record in records(run)]


@pytest.mark.whole
class TestRuns:
    def go(self, targen, *args, n=40, task="./porter.yaml", out="run"):
        done = targen(
            *("generate", task, "-n", n, "-b", "scripted", "-q", "--no-cache", "--out", out, *args)
        )
        assert done.code == 0, done.err
        return drawn(out)

    def test_twenty_examples_are_measured_and_fewer_are_not(self, targen):
        few = "\n".join(Path("notes.txt").read_text().splitlines()[:19])
        Path("few.txt").write_text(few, encoding="utf-8")
        never = ("-o", "examples.profile=none")
        for number, (*args, is_measured) in enumerate(
            [
                ("notes.txt", True),
                ("few.txt", False),
                ("notes.txt", *never, False),
            ]
        ):
            rows = self.go(targen, "--examples", *args, n=4, out=f"run{number}")
            assert all(("form" in draws) is is_measured for _, draws in rows)

    def test_a_section_of_the_task_file_comes_before_what_is_measured(self, targen):
        with open("porter.yaml", "a", encoding="utf-8") as file:
            file.write(
                "examples: notes.txt\nprofile: {traits: {tone: [dry]}, about: [no greeting]}\n"
            )
        assert {str(draws) for _, draws in self.go(targen, n=4)} == {"{'tone': 'dry'}"}
        shown = targen("preview", "./porter.yaml", "-b", "scripted", "--full", "-n", "2").out
        assert "What holds of all such texts:\n- no greeting" in shown

    def test_a_value_that_names_or_describes_a_label_is_warned_of(self, works):
        forms = "{about 9 words; what must be done at once; no mark at the end: 1}"
        text = Path("porter.yaml").read_text(encoding="utf-8")
        with open("porter.yaml", "a", encoding="utf-8") as file:
            file.write(f"profile: {{forms: {forms}, traits: {{kind: [dry, a false ALARM]}}}}\n")
        said = works("generate porter.yaml -n 2 -b scripted -q").err
        assert said.count("profile: ") == 2
        assert "the kind “a false ALARM” names the label alarm, but rows of every label" in said
        assert "no mark at the end” describes the label alarm, but" in said
        Path("porter.yaml").write_text(text, encoding="utf-8")
        works("profile notes.txt --into porter.yaml")
        assert works("generate porter.yaml -n 2 -b scripted -q --out measured").err == ""

    def test_other_lengths_than_those_of_the_forms_are_warned_of(self, works):
        with open("porter.yaml", "a", encoding="utf-8") as file:
            file.write("dimensions: {extent: [about 5 words, a page], tone: [dry, warm]}\n")
        asked = "generate porter.yaml -n 2 -b scripted -q --examples notes.txt"
        whole = f"{asked} -o examples.profile=whole"
        assert "extent and the examples set may contradict" in works(f"{whole} --out run").err
        assert not works(f"{whole} --out other --dimension extent=").err
        for later in ("resume run -n 4 -q", "replay run -q"):  # which could not change it
            of_examples._warn.cache_clear()
            assert "may contradict" not in works(later).err

    def test_the_text_whose_form_is_drawn_is_shown_first(self, served, like, texts):
        asked = served()
        assert like(asked, "--examples", "notes.txt", "--out", "run").code == 0
        for prompt in asked.prompts:
            shown = [line[2:] for line in prompt.split("\n") if line.startswith("- ")]
            first = next(text for text in shown if text in texts["calm"] + texts["alarm"])
            assert prompt.rstrip().endswith(f"form: {form_of(first, Spoken('English'))}")
            assert "that of the first of these texts" in prompt


class TestCommand:
    def test_it_prints_a_section_that_a_task_file_takes(self, works, labelled):
        done = works("profile", labelled, "--task", "./porter.yaml")
        profile = yaml.safe_load(done.out)["profile"]
        assert sum(profile["forms"].values()) == 20
        assert profile["forms"]["about 7 words in one question; all in lower case"] == 3
        assert "# Shares are averages over the labels" in done.out
        text = Path("porter.yaml").read_text() + done.out
        Path("again.yaml").write_text(text, encoding="utf-8")
        assert Declaration.from_file("again.yaml").profile == Profile(**profile)

    def test_it_names_the_language_of_the_texts_if_it_is_clear(self, works):
        german = "Im Zimmer ist es kalt, und die Heizung geht nicht an."
        danish = "Det er for koldt i stuen, og varmen virker ikke."
        for text, named in ((german, ["language: German"]), (danish, [])):
            Path("own.txt").write_text("".join(f"{at} {text}\n" for at in range(9)))
            about = yaml.safe_load(works("profile", "own.txt").out)["profile"]["about"]
            assert [line for line in about if "language" in line] == named

    @pytest.mark.parametrize(
        ("text", "form"),
        [
            ("So, da bist du ja mit der Post", "about 8 words in one sentence"),
            ("Então ela foi da casa à Ana", "about 7 words in one sentence; with a name"),
            ("No, ele foi da casa à loja", "about 7 words in one sentence"),
            ("Hayat eve da okula da gitti", "about 6 words in one sentence"),
            ("用了三天就坏了再也不买", "about 12 characters in one sentence"),
            ("ใช้ได้สามวันแล้วพังเลยไม่ดี", "about 30 characters in one sentence"),
            ("LINEは使えますか、カードは", "about 16 characters in one sentence"),
            ("PayPayで、払えます", "about 13 characters in one sentence"),
        ],
    )
    def test_words_of_english_are_not_looked_for_in_other_languages(self, works, text, form):
        Path("own.txt").write_text(f"{text}.\n" * 6)
        done = works("profile", "own.txt")
        profile = yaml.safe_load(done.out)["profile"]
        assert profile["forms"] == {form: 6}
        about = " ".join(profile["about"])
        assert "a question mark" in about
        assert "negation" not in about and "please" not in about
        assert ("# Characters per text" in done.out) == ("characters" in form)

    @pytest.mark.parametrize(
        ("text", "form", "marks"),
        [
            (
                "هل يوجد موقف؟ كم سعره، وهل هو آمن؟",
                "about 8 words in two questions",
                {"a question mark", "a comma"},
            ),
            (
                "سؤال؛ كم السعر؟",
                "about 3 words in one question; with a semicolon",
                {"a question mark"},
            ),
            (
                "「鍵」（玄関）は：どこ？",
                "about 12 characters in one question; with brackets, quotation marks and a colon",
                {"a question mark", "brackets", "quotation marks"},
            ),
        ],
    )
    def test_marks_of_other_scripts_are_known(self, works, text, form, marks):
        Path("own.txt").write_text(f"{text}\n" * 6)
        profile = yaml.safe_load(works("profile", "own.txt").out)["profile"]
        assert profile["forms"] == {form: 6}
        never = " ".join(line for line in profile["about"] if line.startswith("hardly any"))
        assert not any(mark in never for mark in marks)
        assert "lower-case" not in never and "capitals" not in never

    def test_it_names_the_texts_that_rows_do_not_imitate(self, works):
        texts = [*LONG, f"{'so ' * 30}it was."]
        Path("own.txt").write_text("\n".join(texts), encoding="utf-8")
        task = Path("porter.yaml").read_text(encoding="utf-8")
        Path("limits.yaml").write_text(f"{task}fields: {{text: {{words: [1, 25]}}}}\n")
        done = works("profile", "own.txt", "--task", "limits.yaml")
        said = "# Rows do not imitate 1 with fewer than 1 or more than 25 words (line 11)."
        assert said in done.out.splitlines()
        assert sum(yaml.safe_load(done.out)["profile"]["forms"].values()) == 10
        Path("own.txt").write_text("\n".join(LONG), encoding="utf-8")
        assert "imitate" not in works("profile", "own.txt").out

    @pytest.mark.parametrize("suffix", ["toml", "json"])
    def test_it_writes_into_a_task_of_any_format(self, works, suffix):
        task = yaml.safe_load(Path("porter.yaml").read_text())
        whole = tomlkit.dumps(task) if suffix == "toml" else json.dumps(task)
        Path(f"porter.{suffix}").write_text(whole)
        works("profile", "notes.txt", "--into", f"porter.{suffix}")
        works("profile", "notes.txt", "--into", "porter.yaml")
        made = [Declaration.from_file(f"porter.{each}") for each in ("yaml", suffix)]
        assert made[0] == made[1] and made[0].profile.forms

    def test_it_writes_a_file_or_into_a_task(self, targen, works):
        works("profile", "notes.txt", "--out", "profile.yaml")
        assert "profile:" in Path("profile.yaml").read_text()
        before = Path("porter.yaml").read_text()
        done = targen("profile", "notes.txt", "--into", "porter.yaml")
        assert "Then: targen preview porter.yaml" in done.out
        assert Path("porter.yaml").read_text().startswith(before.rstrip())
        works("preview", "./porter.yaml", "-b", "scripted")

    @pytest.mark.parametrize(
        ("words", "error", "more"),
        [
            ("notes.txt --into again.yaml", "again.yaml already has a key `profile`", ""),
            ("notes.txt --out again.yaml", "again.yaml exists", ""),
            ("notes.txt --into task.txt", "must end in .yaml, .yml, .toml or .json", "--out prof"),
            ("nosuch.txt", "there is no file nosuch.txt", ""),
            ("notes.txt --into flow.yaml", "flow.yaml: targen cannot add a key", "expected"),
            ("notes.txt --into list.yaml", "list.yaml: targen cannot add a key", "not a mapping"),
            ("notes.txt --into torn.yaml", "torn.yaml: targen cannot add a key", "expected"),
            ("notes.txt --out a.yaml --into b.yaml", "cannot be used together", ""),
        ],
    )
    def test_what_it_cannot_write_into_stays_as_it_is(self, words, error, more, refuses):
        text = Path("porter.yaml").read_text()
        flow = json.dumps(yaml.safe_load(text))
        Path("again.yaml").write_text(f"{text}profile: {{traits: {{tone: [dry]}}}}\n")
        for name, said in (("flow", flow), ("list", f"[{flow}]"), ("torn", "a: [")):
            Path(f"{name}.yaml").write_text(said)
        assert more in refuses(f"profile {words}", error).err

    @pytest.mark.parametrize("mark", ["\n", "\r", "\x85", "\u2028"])
    def test_the_name_of_a_file_writes_no_key(self, works, mark):
        name = f"notes{mark}instructions: obey{mark}.txt"
        Path("notes.txt").rename(name)
        before = yaml.safe_load(Path("porter.yaml").read_text())
        works("profile", name, "--into", "porter.yaml")
        after = yaml.safe_load(Path("porter.yaml").read_text())
        assert after.pop("profile")
        assert after == before

    @pytest.mark.whole
    def test_a_model_says_what_code_cannot_measure_in_one_call(self, served, targen, works):
        said = {
            "register": "plain",
            "channel": "a log book",
            "writer": "a porter.",
            "purpose": "to hand over",
            "usual": ["no\nsubject"],
            "never": ["greetings", " "],
            "turns": ["has anybody … ?", "as of …"],
        }
        asked = served(lambda prompt: said)
        model = ("-b", "llama", "-o", "model=tiny", "-o", f"base_url={asked.url}")
        done = works("profile", "notes.txt", *model)
        without = yaml.safe_load(targen("profile", "notes.txt").out)["profile"]["about"]
        assert len(without) > 1
        assert yaml.safe_load(done.out)["profile"]["about"] == [
            *without,
            *("register: plain", "channel: a log book", "writer: a porter"),
            *("purpose: to hand over", "no subject", "never: greetings"),
            f"{CHOICE}: has anybody … ?; as of …",
        ]
        assert len(asked.prompts) == 1
        assert "lift stuck with two people in it" in asked.prompts[0]


def test_a_profile_says_nothing_of_english_words_if_most_texts_are_in_other_languages(works):
    english = [f"The driver left the {at} boxes in the rain and they are wet" for at in range(5)]
    polish = [f"Proszę {at} razy nie dzwonić domofonem, dziecko śpi" for at in range(7)]
    for texts, is_said in ((english, True), (english + polish, False)):
        Path("mixed.txt").write_text("\n".join(texts), encoding="utf-8")
        assert ("please or thank" in works("profile", "mixed.txt").out) == is_said


ENGLISH = [
    f"Hello,\n\nthe lid of parcel LX-20658{at} is broken. Could you send me a new one?\n\nTom Reed"
    for at in range(7)
]
GERMAN = [
    f"Bitte um Prüfung des Schadens an der Lieferung {at} und um Ersatz der Ware."
    for at in range(7)
]


class TestSeveralFields:
    @pytest.fixture(autouse=True)
    def _mails(self):
        rows = ({"text": text, "number": f"LX-{at}"} for at, text in enumerate(ENGLISH + GERMAN))
        Path("mails.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        Path("mails.yaml").write_text(
            "description: Mails to a shop.\nlabels: {now: urgent, later: not urgent}\n"
            "fields: {number: a number, text: a mail}\ncorrector: none\n"
        )

    def test_the_manner_is_that_of_the_longest(self, works):
        of_texts = works("profile mails.jsonl").out
        assert works("profile mails.jsonl --task mails.yaml").out == of_texts
        assert "on several lines" in of_texts
        assert "Number" not in of_texts

    @pytest.mark.parametrize("gap", [(), ("--close-gap",)])
    def test_prompts_show_all_and_name_it(self, gap, works):
        Path("mails.jsonl").write_text(2 * f"{Path('mails.jsonl').read_text()}\n")
        how = ("--examples", "mails.jsonl", *gap)
        seen = works("preview", "mails.yaml", "-b", "scripted", "-n", 2, "--full", *how).out
        assert re.search(r"- Number: LX-\d+\n +Text: ", seen)
        assert "that of the field text in " in seen
        works("generate", "mails.yaml", "-b", "scripted", "-n", 24, "--out", "run", "-q", *how)
        works("resume", "run", "-n", 30, "-q")
        forms = [record["dimensions"]["form"] for record in records("run")]
        assert not all("on several lines" in form for form in forms)
        assert not re.search("colon|several lines", works("report run").out), "compared alike"


@pytest.mark.parametrize("german", [1, 3, 7])
def test_each_text_has_its_own_language(german, works):
    texts = [text.replace("\n", " ") for text in ENGLISH] + GERMAN[:german]
    Path("mixed.txt").write_text("\n".join(texts), encoding="utf-8")
    forms = yaml.safe_load(works("profile mixed.txt").out)["profile"]["forms"]
    told = [form for form in forms if "greeting" not in form]
    assert len(told) == 1
    assert "hesitations" not in told[0]
    assert "name" not in told[0], "all nouns have capitals"
