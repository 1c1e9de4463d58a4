"""What becomes of rows with an output in the forms that other tools read."""

from __future__ import annotations

import json
from itertools import combinations

import pytest

from targen_core import read_dataset
from targen_core.dataset.model import Dataset
from targen_core.errors import UsageError
from targen_core.plugins.loader import load_registry
from targen_core.runs.parts import Parts
from targen_standard.task_files.model import Declaration
from targen_testing.exporters import ExporterSuite as Suite
from tests.files import lines

from .declared import ALL, declaration

PLACES, SHOP, PAIRS, QUESTIONS, CHAT, RANKED = map(declaration, ALL)


def dataset(declaration: Declaration, *rows: dict[str, object]) -> Dataset:
    """Rows of a declared task, numbered."""
    task = declaration.task(name="mine")
    return Dataset("mine", task, [{**row, "idx": at} for at, row in enumerate(rows)])


def span(text: str, said: str, kind: str) -> dict[str, object]:
    """A span of a text, where it first stands."""
    start = text.index(said)
    return {"start": start, "end": start + len(said), "type": kind, "text": said}


def written(form, made, out, **options):
    """The file or folder that a form makes of a dataset, and what it notes."""
    settings = {f"{form}.{key}": value for key, value in options.items()}
    exporter = Parts(load_registry(), settings).find("exporter", "exporter", form)[1]
    exporter.write(made, out)
    return exporter.note(made) if exporter.note else ""


POST = "Zoë O'Neill-Smith met me in New York."
TOWN = "I love Yorkshire."


def posts(*spans, text=POST, **more):
    """One post with these spans."""
    declared = PLACES.model_copy(update=more) if more else PLACES
    return dataset(declared, {"text": text, "spans": list(spans)})


def test_tags_are_of_words_and_a_row_ends_with_an_empty_line(tmp_path):
    spans = span(POST, "Zoë O'Neill-Smith", "person"), span(POST, "New York", "place")
    written("bio", posts(*spans), tmp_path / "x")
    assert (tmp_path / "x").read_text(encoding="utf-8") == (
        "Zoë\tB-person\nO'Neill-Smith\tI-person\nmet\tO\nme\tO\nin\tO\n"
        "New\tB-place\nYork\tI-place\n.\tO\n\n"
    )


def test_a_span_that_cuts_a_token_is_refused_by_its_row_or_widened(tmp_path):
    made = posts(span(TOWN, "York", "place"), text=TOWN)
    for form, problem in [("bio", "covers only part of 'Yorkshire'"), ("spacy", "begins or ends")]:
        with pytest.raises(UsageError, match=rf"mine, row 0: the place 'York' {problem}") as no:
            written(form, made, tmp_path / "no")
        assert f"{form}.cut" in str(no.value.hint)
    assert "1 span end moved" in written("bio", made, tmp_path / "x", cut="widen")
    assert "Yorkshire\tB-place\n" in (tmp_path / "x").read_text()
    written("bio", made, tmp_path / "x", tokens="characters")
    assert (tmp_path / "x").read_text().count("I-place") == 3
    both = posts(span(TOWN, "York", "place"), span(TOWN, "shire", "place"), text=TOWN)
    for form in ("bio", "spacy"):
        with pytest.raises(UsageError, match="overlap"):
            written(form, both, tmp_path / "no", cut="widen")


def test_documents_of_spacy_have_entities_or_groups_of_spans(tmp_path):
    spacy = pytest.importorskip("spacy")
    spans = [span(POST, "O'Neill-Smith", "person"), span(POST, "New York", "place")]
    inner = {**span(POST, "York", "place")}
    nested = PLACES.model_copy(update={"output": {**PLACES.output, "overlap": True}})
    for declared, held in ((PLACES, spans), (nested, [*spans, inner])):
        made = dataset(declared, {"text": POST, "spans": held})
        written("spacy", made, tmp_path / "x.spacy", cut="widen")
        stored = spacy.tokens.DocBin().from_disk(tmp_path / "x.spacy")
        (document,) = stored.get_docs(spacy.blank("en").vocab)
        found = document.ents if declared is PLACES else document.spans["sc"]
        assert document.text == POST
        assert [(each.start_char, each.end_char, each.label_) for each in found] == [
            (each["start"], each["end"], each["type"]) for each in held
        ]
    german = dataset(PLACES.model_copy(update={"language": "German"}), {"text": "x", "spans": []})
    with pytest.raises(UsageError, match="in German"):
        written("spacy", german, tmp_path / "no")
    with pytest.raises(UsageError, match="spaCy does not support the language 'klingon'"):
        written("spacy", german, tmp_path / "no", language="klingon")


REPLIES = {"prompt": "How long?", "chosen": "An hour.", "rejected": "It depends.",
           "criterion": "concise", "margin": "clearly"}  # fmt: skip
RANKING = {"prompt": "How long?", "ranked": ["An hour.", "No idea.", "It depends."],
           "criterion": "concise", "margin": "clearly"}  # fmt: skip


PLAIN = {"prompt": "How long?\n", "chosen": "An hour.", "rejected": "It depends."}
TURNS = {
    "prompt": [{"role": "user", "content": "How long?"}],
    "completion": [{"role": "assistant", "content": "An hour."}],
}


@pytest.mark.parametrize(
    ("form", "texts", "record"),
    [
        ("dpo", "plain", PLAIN),
        ("sft", "plain", {"prompt": "How long?\n", "completion": "An hour."}),
        ("sft", "turns", TURNS),
    ],
)
def test_preferences_have_the_columns_of_trl(form, texts, record, tmp_path):
    written(form, dataset(CHAT, REPLIES), tmp_path / "x", texts=texts)
    assert json.loads((tmp_path / "x").read_text()) == record


def test_a_ranking_is_a_pair_for_each_two_of_its_replies(tmp_path):
    rows = dataset(RANKED, RANKING)
    written("dpo", rows, tmp_path / "dpo", texts="plain")
    pairs = [(pair["chosen"], pair["rejected"]) for pair in lines(tmp_path / "dpo")]
    assert pairs == [*combinations(RANKING["ranked"], 2)]
    written("sft", rows, tmp_path / "sft", texts="plain")
    assert json.loads((tmp_path / "sft").read_text())["completion"] == "An hour."


MAY = {"passage": "It was in May.", "question": "When?", "kind": "when", "answers": ["May"]}
ROWS = {
    "spans": posts(span(POST, "New York", "place")),
    "labels": dataset(SHOP, {"text": "x", "labels": ["delay"]}, {"text": "y", "labels": []}),
    "score": dataset(PAIRS, {"one": "x", "other": "y", "score": 3.4}),
    "answer": dataset(QUESTIONS, MAY),
    "preference": dataset(CHAT, REPLIES),
    "ranking": dataset(RANKED, RANKING),
}

SPAN = "{'start': Value('int64'), 'end': Value('int64'), 'type': Value('string'), "
COLUMNS = {
    "spans": SPAN + "'text': Value('string')}",
    "labels": "ClassLabel(names=['refund', 'delay'])",
    "score": "Value('float64')",
    "answers": "Value('string')",
    "ranked": "Value('string')",
}
"""Types of columns; a column of lists has them below `List`."""


@pytest.mark.parametrize("kind", ROWS)
def test_columns_have_the_types_of_the_output_and_come_back(kind, tmp_path):
    pytest.importorskip("datasets")
    made = ROWS[kind]
    held = made.to_hf()
    for column in COLUMNS.keys() & held.features.keys():
        expected = COLUMNS[column] if column == "score" else f"List({COLUMNS[column]})"
        assert str(held.features[column]) == expected
    held.save_to_disk(str(tmp_path / "saved"))
    held.to_parquet(str(tmp_path / "rows.parquet"))
    for source in (held, tmp_path / "saved", tmp_path / "rows.parquet"):
        assert read_dataset(source, made.task).rows == made.rows


NEW_YORK = {"start": 28, "end": 36}
ANNOTATED = {
    "spans": ("labels", {**NEW_YORK, "text": "New York", "labels": ["place"]}),
    "labels": ("choices", {"choices": ["delay"]}),
    "score": ("number", {"number": 3.4}),
    "answer": ("choices", {"choices": ["when"]}),
    "preference": ("pairwise", None),
}
"""The type and the value of the first answer in Label Studio."""
SUGGESTED = {
    "spans": {"spans": [{**NEW_YORK, "label": "place"}]},
    "labels": {"labels": ["delay"]},
    "score": {"score": "3.4"},
    "answer": {"kind": "when", "answers": "May"},
}
SHOWN = {
    "spans": '<Labels name="spans" toName="text-text">\n    <Label value="person"/>',
    "labels": '<Choices name="labels" toName="text-text" choice="multiple">',
    "score": '<Number name="score" toName="text-one" min="1" max="5" step="0.1"/>',
    "answer": '<TextArea name="answers" toName="text-passage"/>',
    "preference": '<Pairwise name="better" toName="text-reply_a,text-reply_b"/>',
}


@pytest.mark.parametrize("kind", ANNOTATED)
def test_tools_for_annotation_get_texts_and_the_answers_of_a_row(kind, tmp_path):
    made, (typed, value) = ROWS[kind], ANNOTATED[kind]
    written("label-studio", made, tmp_path / "folder")
    written("argilla", made, tmp_path / "records.json")
    task = json.loads((tmp_path / "folder" / "tasks.json").read_text())[0]
    record = json.loads((tmp_path / "records.json").read_text())[0]
    result = task["predictions"][0]["result"][0]
    row = {**made.rows[0]}
    assert task["data"] == {"id": "0", **record["fields"], "targen_row": row}
    assert json.loads(record["metadata"]["targen_row"]) == row
    assert result["type"] == typed
    config = (tmp_path / "folder" / "config.xml").read_text()
    assert SHOWN[kind] in config
    assert all(f'"${name}"' in config for name in record["fields"])
    assert f'name="{result["from_name"]}" toName="{result["to_name"]}"' in config
    answers = {name: each["value"] for name, each in record["suggestions"].items()}
    if kind == "preference":
        better = {"left": "reply_a", "right": "reply_b"}[result["value"]["selected"]]
        assert answers == {"better": better}
        assert record["fields"][better] == "An hour."
        assert record["fields"]["criterion"] == "concise: fewer words"
    else:
        assert (result["value"], answers) == (value, SUGGESTED[kind])


ONE_REPLY = "Write only one reply: the best that you can give."
ANSWERED = (
    "Answer the question: 1 to 2 right answers, as short as can be, copied word for word from the "
    "passage. Reply only with the answers, separated by semicolons."
)
TRAINED_ON = {
    "preference": (CHAT, REPLIES, ONE_REPLY, "How long?", "An hour."),
    "ranking": (RANKED, RANKING, ONE_REPLY, "How long?", "An hour."),
    "answer": (
        QUESTIONS.model_copy(update={"output": {**QUESTIONS.output, "per_row": [1, 2]}}),
        {**MAY, "passage": "In $5 May.", "answers": ["May", "$5 May"]},
        ANSWERED,
        "Passage: In $5 May.\nQuestion: When?",
        "May; $5 May",
    ),
}


@pytest.mark.parametrize("kind", TRAINED_ON)
def test_an_instruction_asks_for_what_its_completion_is(kind, tmp_path):
    declared, row, asked, shown, completion = TRAINED_ON[kind]
    declared = declared.model_copy(update={"description": "Texts at $5."})
    written("instructions", dataset(declared, row), tmp_path / "x")
    prompt = f"Texts at $5.\n{asked}\n\nInput:\n{shown}\n\nOutput:\n"
    assert json.loads((tmp_path / "x").read_text()) == {"prompt": prompt, "completion": completion}


class _Rows(Suite):
    """The rows of a declared task in place of those of the kit's."""

    made = "spans"

    def _made(self, _):
        made = ROWS[self.made]
        return Dataset(made.name, made.task, [{**made.rows[0], "idx": at} for at in range(6)])


class TestBio(_Rows):
    exporter = "bio"


class TestSpacy(_Rows):
    exporter = "spacy"


class TestDpo(_Rows):
    exporter = "dpo"
    made = "preference"


class TestLabelStudio(Suite):
    exporter = "label-studio"


class TestArgilla(Suite):
    exporter = "argilla"
