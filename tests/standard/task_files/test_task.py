"""The task that a declaration makes."""

from __future__ import annotations

import random
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import yaml

from targen_core import Rejected
from targen_core.errors import PluginError, UsageError
from targen_core.plugins.register import Register
from targen_core.plugins.registry import Registry
from targen_core.tasks.parts import DryRunCall
from targen_standard.task_files.checks import check_text
from targen_standard.task_files.model import FieldPart

from ...tables import table


def prompt(task: Any, name: str) -> str:
    return next(each.text for each in task.prompts if each.name == name)


def test_a_description_and_labels_are_enough(declared, rows_of):
    task = declared().task(name="porter")
    assert (task.name, task.quota_names) == ("porter", ("calm", "alarm"))
    assert task.summary == "Notes that a night porter leaves for the morning"
    assert [each.name for each in task.prompts] == [
        *("ways", "sets", "judge", "contexts", "seeds", "write-calm", "write-alarm", "meta")
    ]
    assert "calm: nothing happened" in task.judging.instructions
    assert "alarm: something must be done at once" in task.judging.instructions
    rows = rows_of(declared(), 4)
    assert [set(row) for row in rows] == [{"text", "label", "idx"}] * 8
    assert [row["label"] for row in rows].count("calm") == 4


def test_each_prompt_says_what_was_declared(declared):
    task = declared(
        language="German",
        labels={
            "calm": {"definition": "nothing $5 worth", "guidance": "Be dull."},
            "alarm": "something must be done",
        },
        fields={"note": {"description": "the note", "words": [5, 9], "must_contain": ["key"]}},
        contexts="kinds of hotel",
        seeds="a guest and a door",
    ).task()
    assert "kinds of hotel" in prompt(task, "contexts")
    assert "in German" in prompt(task, "contexts")
    assert "\nSeed: a guest and a door\nForm: 2 to 40 words, in German\n" in prompt(task, "seeds")
    text = prompt(task, "write-calm")
    assert "calm: nothing $$5 worth\nBe dull.\n" in text
    assert "- note: the note. 5 to 9 words, in German, with one of" in text
    assert "one of these in it: key" in text
    assert '{"note": "..."}' in text


def test_a_definition_is_in_its_own_prompt_alone(declared):
    labels = {"calm": "nothing happened", "alarm": "something must be done"}
    task, other = declared(labels=labels).task(), declared(labels={**labels, "alarm": "no"}).task()
    for name in ("contexts", "seeds", "write-calm"):
        assert prompt(task, name) == prompt(other, name)
    assert "alarm" not in prompt(task, "seeds")
    assert "one of the other labels: alarm\n" in prompt(task, "write-calm")


def test_a_pair_whose_seed_is_a_field(declared, rows_of):
    made = declared(
        fields={"premise": {"words": [5, 12]}, "hypothesis": {"words": [3, 8]}},
        seeds={"field": "premise"},
    )
    task = made.task()
    plain = declared(fields={"premise": "", "hypothesis": ""}, seeds={"field": "premise"}).task()
    assert "\nForm: a whole premise, in English\n" in prompt(plain, "seeds")
    assert '{"hypothesis": "..."}' in prompt(task, "write-calm")
    assert "Premise: $seed" in prompt(task, "write-calm")
    rows = rows_of(made, 4)
    assert rows[0]["hypothesis"] != rows[1]["hypothesis"]
    row = task.instance.model_validate({k: v for k, v in rows[0].items() if k != "idx"})
    assert task.render(row).splitlines()[0] == f"Premise: {row.premise}"
    assert task.dedup_text(row) == row.hypothesis
    with pytest.raises(Rejected) as caught:
        task.checks[0](row, "Another premise.")
    assert caught.value.reason == "seed-changed"


def test_own_prompts_take_the_place_of_the_general_ones(declared, rows_of):
    made = declared(
        prompts={
            "contexts": "Name $count hotels, not $have.",
            "seeds": "--- system\nBrief.\n--- user\n$count nights in $context, not $have.",
        },
        labels={
            "calm": {"definition": "d", "prompt": "A dull note of $seed for $$3"},
            "alarm": "e",
        },
    )
    task = made.task()
    assert prompt(task, "contexts") == "Name $count hotels, not $have."
    assert prompt(task, "write-calm") == "A dull note of $seed for $$3"
    assert len(rows_of(made, 2)) == 4


def test_instructions_samples_presets_and_the_rest(declared):
    note = {"input": "A note.", "output": "calm", "actual": "alarm", "explanation": "why"}
    task = declared(
        version="3",
        contexts="nights",  # one row per call
        summary="one line",
        source="nowhere",
        instructions="Decide.",
        corrector="blind",
        samples=[note, {**note, "input": {"text": "B."}, "actual": "no_valid_instance"}],
        presets={"small": 4, "mixed": {"alarm": 9}},
        parameters={"generate": {"temperature": 0.1}},
    ).task()
    assert task.version.startswith("3+")
    assert (task.summary, task.about.source) == ("one line", "nowhere")
    assert (task.judging.instructions, task.judging.corrector) == ("Decide.", "blind")
    samples = [(sample.input, sample.actual) for sample in task.judging.samples]
    assert samples == [("A note.", "alarm"), ("B.", "no_valid_instance")]
    assert task.rows.presets == {"small": {"calm": 4, "alarm": 4}, "mixed": {"alarm": 9}}
    assert task.calls.parameters == {"generate": {"max_tokens": 1024, "temperature": 0.1}}


TEXTS = table(Path(__file__).with_name("texts.txt").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("part", "reason", "text"), [*TEXTS, ("{}", "empty", " ")])
def test_a_text_is_as_its_field_asks(part, reason, text):
    with pytest.raises(Rejected) if reason else nullcontext() as caught:
        check_text(text, FieldPart.model_validate(yaml.safe_load(part)), "text", "English")
    assert not reason or caught.value.reason == reason


@pytest.mark.parametrize(
    ("keys", "refused"),
    [
        ({}, True),
        ({"description": "Letters whose names are masked as [NAME]."}, False),
    ],
)
def test_a_placeholder_is_left_in_no_row_unless_the_file_has_one(keys, refused, declared):
    task = declared(**keys).task()
    row = task.instance(text="Please ring me.\n[Your name]", label="calm")
    with pytest.raises(Rejected, match="placeholder") if refused else nullcontext():
        task.checks[0](row, "a seed")


ROWS = """
{type: int, range: [1, 5]} | 9 | out-of-range
{type: 'list[str]', form: phrase, items: [2, 3]} | [a] | too-few-items
{type: 'list[str]', form: phrase, items: [1, 2]} | [a, b, c] | too-many-items
{} | A guest sings. | copy-of-seed
{may_copy_seed: true} | A guest sings. |
"""


@pytest.mark.parametrize(("part", "value", "reason"), table(ROWS))
def test_a_row_is_checked_against_its_seed(part, value, reason, declared):
    task = declared(fields={"x": yaml.safe_load(part)}, contexts="occasions").task()
    row = task.instance.model_construct(x=yaml.safe_load(value), label="calm")
    with pytest.raises(Rejected) if reason else nullcontext() as caught:
        task.checks[0](row, "a guest sings")
    assert not reason or caught.value.reason == reason


@pytest.mark.parametrize(
    "language",
    [
        *("English", "German", "french", "Spanish", "Italian", "Dutch", "Portuguese", "Swahili"),
        *("Russian", "Greek", "Arabic", "Hebrew", "Hindi", "Thai", "Chinese", "Japanese", "Korean"),
    ],
)
def test_a_dry_run_speaks_so_that_checks_pass(language, declared):
    words = {"must_contain": ["?"], "must_not_contain": ["ba"]}
    text = {"words": [6, 30], "sentences": [1, 2], **words}
    task = declared(language=language, fields={"text": text}).task()
    texts = set()
    for number in range(20):
        values = {"seed": "x"}
        call = DryRunCall("generate", "calm", "write-calm", values, random.Random(number))
        row = task.instance(**task.calls.dry_run(call), label="calm")
        texts.add(row.text)
        for check in task.checks:
            check(row, "x")
    assert len(texts) == 20


@pytest.mark.parametrize(
    "text",
    [
        "{words: 1, must_contain: [LX-]}",
        "{words: 1, must_contain: [New York, urgent], form: prose}",
        "{words: [2, 3], must_contain: [New York]}",
        "{words: [1, 3], must_contain: ['#'], form: phrase}",
        "{words: [2, 2], must_contain: [why], form: question}",
        "{words: [6, 9], sentences: 2, must_contain: [the key]}",
        "{type: 'list[str]', items: 2, words: 1, must_contain: [LX-]}",
        "{pattern: 'LX-\\d{6}'}",
        "{pattern: '(?:A|B+)[^a-x]{2,}\\.[\\d_.-]* (?P<n>\\w)?x{3}(o|)', words: [1, 9]}",
        "{type: 'list[str]', items: 2, pattern: '[A-Z]{2}\\d+'}",
    ],
)
def test_a_dry_run_keeps_to_all_limits_of_a_field(text, declared):
    """Also if a dimension draws a length for another field."""
    draws = {"dimensions": {"length": ["about 20 words"]}}
    fields = {"text": "a text", "of": {**yaml.safe_load(text), "check_language": False}}
    task = declared(fields=fields, **draws).task()
    texts = set()
    for number in range(20):
        call = DryRunCall(
            *("generate", "calm", "write-calm", {"seed": "x"}, random.Random(number)),
            draws=({"length": "about 20 words"},),
        )
        row = task.instance(**task.calls.dry_run(call), label="calm")
        texts.add(str(row.of))
        for check in task.checks:
            check(row, "x")
    assert len(texts) > 10


def test_a_field_with_a_pattern_has_no_language_and_no_length(declared):
    numbers = {
        "other": {"description": "an order number such as LX-206587"},
        "due": "a date",
        "number": {"description": "of the order", "pattern": r"LX-\d{6}"},
    }
    task = declared(
        fields={"text": "a mail with a number", **numbers}, language="German", contexts="occasions"
    ).task()
    asked = prompt(task, "write-calm")
    assert "- number: of the order. Matching the regular expression LX-\\d{6}\n" in asked
    assert "- text: a mail with a number. In German\n" in asked
    assert "- other: an order number such as LX-206587\n" in asked
    assert [each.name for each in task.dimensions] == ["text length"]
    assert "in German" not in prompt(
        declared(
            fields={"text": "a mail", **numbers}, seeds={"field": "number"}, language="German"
        ).task(),
        "seeds",
    )


def test_a_package_may_hold_a_declaration(tmp_path, monkeypatch):
    package = tmp_path / "acme_notes"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "task.toml").write_text(
        'description = "Notes."\n[labels]\na = "x"\nb = "y"\n[contexts]\nfile = "towns.txt"\n'
    )
    (package / "towns.txt").write_text("Ystad\nPorto\n")
    (package / "bad.yaml").write_text("description: Notes.\n")
    monkeypatch.syspath_prepend(tmp_path)
    register = Register("task", distribution="acme", entry_point="main", install="acme")
    for name, file in (("notes", "task.toml"), ("bad", "bad.yaml"), ("gone", "gone.yaml")):
        register(name, f"acme_notes:{file}", summary="notes")
    registry = Registry(register)
    task = registry.get("task", "notes")
    assert (task.name, task.quota_names, task.contexts.once) == ("notes", ("a", "b"), True)
    for name, words in (("bad", "labels: it is missing"), ("gone", "there is no file")):
        with pytest.raises(PluginError, match=words) as caught:
            registry.get("task", name)
        assert caught.value.distribution == "acme"


OF_SEVERAL = """
English or German | A lift is stuck, and there are two people in it. |
English or German | Der Aufzug steht und die Tür ist zu, aber ich bin noch da. |
English or German | La puerta del ascensor no se abre y estamos en el segundo piso. | other-language
English or German | Лифт стоит с понедельника. | other-language
English or German | Gerne! Hier ist der Text: Der Aufzug steht und ich bin noch da. | meta-text
English or Russian | Лифт стоит с понедельника. |
"""


@pytest.mark.parametrize(("language", "text", "reason"), table(OF_SEVERAL))
def test_a_text_is_in_one_of_several_languages(language, text, reason, declared):
    task = declared(language=language).task()
    row = task.instance(text=text, label="calm")
    with pytest.raises(Rejected) if reason else nullcontext() as caught:
        task.checks[0](row, "x")
    assert not reason or caught.value.reason == reason


@pytest.mark.parametrize(
    ("language", "hint"),
    [
        ("Deutsch und Englisch", "language: German or English"),
        ("Germn", "language: German"),
        ("Klingonisch oder Englisch", "check_language: false"),
    ],
)
def test_a_language_that_is_not_known_is_an_error(language, hint, declared):
    with pytest.raises(UsageError, match=language.split()[0]) as refused:
        declared(language=language)
    assert hint in refused.value.hint
    declared(language=language, fields={"text": {"check_language": False}})
