"""People's own files: read as their owner means them, or refused with a line to paste."""

import gzip
import io
import json
import re
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from .driver import Shell, call, known, python_calls
from .pages import Visitor, serving

P, N = "positive", "negative"
TEXTS = ("Cold fish.", "The best soup, ever.", "Stale bread.", "Kind people.", "Bring salt.")
ROWS = list(zip(TEXTS, (N, P, N, P, N), strict=True))
SPANS = [("Ann is in Oberau.", [[0, 3, "PERSON"], [10, 16, "LOC"]]), ("It rained.", [])]
TASKS = {
    "reviews": "labels: {positive: glad, negative: sorry}",
    "binary": "labels: {'0': unhappy, '1': happy}",
    "stars": "labels: {'1': one star, '2': two, '3': three, '4': four, '5': five stars}",
    "ner": "output: {spans: {PERSON: a person, LOC: a place}}",
    "qa": "fields: {passage: a text, question: a question}\noutput: {answer: {place: a place}}",
}


def each(line: Callable[[Any, Any], Any], rows: Any = ROWS) -> str:
    """A file with a line for each row, a text or a JSON object."""
    made = (line(*row) for row in rows)
    return "".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in made)


def studio(text: str, label: str) -> Any:
    """A text as Label Studio exports it; without a label it was skipped."""
    choice = {"value": {"choices": [label]}, "from_name": "s", "to_name": "t", "type": "choices"}
    done = {"result": [choice] if label else [], "was_cancelled": not label}
    return {"id": 1, "data": {"text": text}, "annotations": [done], "predictions": []}


def excel(rows: Any) -> bytes:
    """A workbook with a sheet of texts."""
    cell = '<c t="inlineStr"><is><t>{}</t></is></c>'.format
    data = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
    data = f"<sheetData>{data}</sheetData>"
    base = "http://schemas.openxmlformats.org"
    kinds = f"{base}/officeDocument/2006/relationships"
    main = f'xmlns="{base}/spreadsheetml/2006/main" xmlns:r="{kinds}"'
    sheets = '<sheets><sheet name="A" sheetId="1" r:id="r1"/></sheets>'
    head = f'<Relationships xmlns="{base}/package/2006/relationships"><Relationship Id="r1"'
    link = f'{head} Type="{kinds}/{{}}" Target="{{}}"/></Relationships>'.format
    with zipfile.ZipFile(made := io.BytesIO(), "w") as book:
        book.writestr("_rels/.rels", link("officeDocument", "xl/workbook.xml"))
        book.writestr("xl/_rels/workbook.xml.rels", link("worksheet", "sheet.xml"))
        book.writestr("xl/workbook.xml", f"<workbook {main}>{sheets}</workbook>")
        book.writestr("xl/sheet.xml", f"<worksheet {main}>{data}</worksheet>")
    return made.getvalue()


def prodigy(text: str, spans: Any) -> Any:
    """A text with spans as Prodigy exports it."""
    made = [dict(zip(("start", "end", "label"), span, strict=True)) for span in spans]
    return {"text": text, "spans": made, "answer": "accept"}


def asked(text: str, label: str) -> Any:
    """An answer of Prodigy to the question whether a text is positive."""
    return {"text": text, "label": P, "answer": "accept" if label == P else "reject"}


PLAIN, LEADING = each('"{}",{}'.format), each("{1}\t{0}".format)
OWN = "Review,Sentiment\n" + PLAIN
RASA = each("- intent: {1}\n  examples: |\n    - {0}".format)
STARS = "Id,Helpful,Score,Text\n1,0,5,Good soup.\n2,1,1,Cold fish.\n"
HAPPY = "Helpful,Score,Text,Happy\n0,5,Good soup.,1\n1,1,Cold fish.,0\n"
SPAM = f"v1,v2,,,\n{P},Win £100,,,\n{N},See you,,,\n{P},Win all,,,\n".encode("latin-1")
QUOTES = f'text\tlabel\n"No," said Ann.\t{P}\n"Go home.\t{N}\n'
COLUMNS = {"text": dict(enumerate(TEXTS)), "label": dict(enumerate(y for _, y in ROWS))}
ANSWER = {"question": "Where is Ann?", "answers": [{"text": "Oberau", "answer_start": 10}]}
SQUAD = {"data": [{"title": "Ann", "paragraphs": [{"context": SPANS[0][0], "qas": [ANSWER]}]}]}
TOKENS = "Ann B-PERSON\nis O\nin O\nOberau B-LOC\n\nIt O\nrained O\n"
TOKENIZED = [(text.rstrip("."), spans) for text, spans in SPANS]
SHAPES: dict[str, tuple[Any, ...]] = {
    # name: finding, task, content, rows
    "own.csv": ("", "reviews", OWN, ROWS),
    "own.jsonl": ("", "reviews", each(lambda t, y: {"Review": t, "Sentiment": y}), ROWS),
    "spans.jsonl": ("", "ner", each(prodigy, SPANS), SPANS),
    "spam.csv": ("", "reviews", SPAM, [("Win £100", P), ("See you", N), ("Win all", P)]),
    "noheader.csv": ("", "reviews", PLAIN, ROWS),
    "noheader.tsv": ("", "reviews", LEADING, ROWS),
    "leading.txt": ("", "reviews", LEADING, ROWS),
    "fasttext.txt": ("", "reviews", each("__label__{1} {0}".format), ROWS),
    "prodigy.jsonl": ("", "reviews", each(asked), ROWS[1::2]),
    "five.csv": ("", "stars", STARS, [("Good soup.", "5"), ("Cold fish.", "1")]),
    "derived.csv": ("", "binary", HAPPY, [("Good soup.", "1"), ("Cold fish.", "0")]),
    "as-latin-1.csv": ("", "reviews", f"text,label\nTrès bon.,{P}\n", [("Très bon.", P)]),
    "floats.csv": ("", "binary", "text,label\nOh.,1.0\nAh.,0.0\n", [("Oh.", "1"), ("Ah.", "0")]),
    "columns.json": ("", "reviews", json.dumps(COLUMNS), ROWS),
    "own.csv.gz": ("", "reviews", gzip.compress(OWN.encode()), ROWS),
    "studio.json": ("", "reviews", json.dumps([studio(*r) for r in [*ROWS, ("", "")]]), ROWS),
    "cats.jsonl": ("", "reviews", each(lambda t, y: {"text": t, "cats": {y: 1.0}}), ROWS),
    "lists.jsonl": ("", "reviews", each(lambda t, y: {"text": t, "label": [y]}), ROWS),
    "onehot.csv": ("", "reviews", f"text,{P},{N}\nOh.,1,0\nAh.,0,1\n", [("Oh.", P), ("Ah.", N)]),
    "clinc.json": ("", "reviews", json.dumps({"train": ROWS, "test": []}), ROWS),
    "unquoted.tsv": ("", "reviews", QUOTES, [('"No," said Ann.', P), ('"Go home.', N)]),
    "nlu.yml": ("", "reviews", f"version: '3.1'\nnlu:\n{RASA}", ROWS),
    "spacy.json": ("", "ner", json.dumps([(t, {"entities": e}) for t, e in SPANS]), SPANS),
    "doccano.jsonl": ("", "ner", each(lambda t, e: {"text": t, "label": e}, SPANS), SPANS),
    "own.xlsx": ("", "reviews", excel([("text", "label"), *ROWS]), ROWS),
    "tokens.conll": ("", "ner", TOKENS, TOKENIZED),
    "squad.json": ("", "qa", json.dumps(SQUAD), [(SPANS[0][0], ["Oberau"])]),
    "brat/annotation.conf": ("", "ner", "[entities]\nPERSON\nLOC\n", SPANS),
}
WAY_OUT = re.compile(r"\b(map|header|encoding|gunzip|pip install)\b")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A terminal in a folder with all these files."""
    shell = Shell(tmp_path_factory.mktemp("files"))
    for name, keys in TASKS.items():
        (shell.folder / f"{name}.yaml").write_text(f"description: Reviews.\n{keys}\n")
    for name, (_, _, content, _) in SHAPES.items():
        raw = content if isinstance(content, bytes) else content.encode()
        (shell.folder / name).parent.mkdir(exist_ok=True)
        (shell.folder / name).write_bytes(raw)
    for number, (text, spans) in enumerate(SPANS):
        notes = (f"T{a}\t{kind} {a} {b}\t{text[a:b]}\n" for a, b, kind in spans)
        (shell.folder / "brat" / f"{number}.txt").write_text(text)
        (shell.folder / "brat" / f"{number}.ann").write_text("".join(notes))
    return shell


@pytest.fixture(scope="module")
def found(files: Shell) -> dict[str, Any]:
    """What a program reads of each file: its rows, or an error with its hint."""
    calls = []
    for name, (_, task, _, _) in SHAPES.items():
        encoding = "latin-1" if "latin-1" in name else "utf-8"
        path = name.removesuffix("/annotation.conf")
        calls.append(call("read_dataset", path, task=f"./{task}.yaml", encoding=encoding))
    return dict(zip(SHAPES, python_calls(files, calls), strict=True))


@pytest.mark.parametrize("name", [known(name, shape[0]) for name, shape in SHAPES.items()])
def test_a_file_is_read_as_meant_or_refused_with_a_way_out(name: str, found: Any) -> None:
    read, (_, task, _, rows) = found[name], SHAPES[name]
    if "error" in read[0]:
        assert WAY_OUT.search(read[0]["error"]), read
    elif task == "qa":
        assert [(row["passage"], row["answers"]) for row in read] == rows
    elif task == "ner":
        spans = [[[s["start"], s["end"], s["type"]] for s in row["spans"]] for row in read]
        assert [(row["text"], each) for row, each in zip(read, spans, strict=True)] == rows
    else:
        assert [(row["text"], row.get("label")) for row in read] == rows


MADE = "generate reviews.yaml -n 4 -b scripted -y --no-correct"
LINES = {
    f"{MADE} --out examples --examples own.csv": "",
    f"{MADE} --out excluded --exclude own.csv": "",
    "validate spam.csv --task reviews.yaml --encoding latin-1 --map text=v2,label=v1": "",
}


@pytest.mark.parametrize("line", [known(line, finding) for line, finding in LINES.items()])
def test_each_command_takes_the_columns_that_another_takes(line: str, files: Shell) -> None:
    files(*line.split())


PEAK = """
import resource, subprocess, sys
subprocess.run(["targen", *sys.argv[1:]], check=True)
print("MB", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)"""


def test_rows_are_evaluated_in_little_memory(files: Shell) -> None:
    files(*"train own.csv --task reviews.yaml --trainer tfidf --out model".split())
    many = "".join(f"Soup {number} was warm.,{P}\n" for number in range(6_000))
    (files.folder / "many.csv").write_text(f"text,label\n{many}")
    files.fresh = True  # a fork begins with the memory of this process
    peak = files("-c", PEAK, "evaluate", "model", "many.csv", program="python").out
    assert int(peak.rpartition("MB ")[2]) < 170


def test_a_blind_review_hides_the_label_in_ones_own_columns(files: Shell) -> None:
    line = "review own.csv --task reviews.yaml --as ann --blind --no-open"
    with serving(files, *line.split()) as link:
        page = Visitor().open(link).text
    assert any(text in page for text, _ in ROWS) and "Sentiment" not in page


def test_labelled_lines_of_a_test_set_are_excluded(files: Shell) -> None:
    words = "fields: {text: {description: a review, words: [2, 6]}}\n"
    (files.folder / "short.yaml").write_text((files.folder / "reviews.yaml").read_text() + words)
    line = MADE.replace("reviews", "short").split()
    files(*line, "--out", "first")
    first = files.run("first").rows
    lines = (f"__label__{row['label']} {row['text']}\n" for row in first)
    (files.folder / "test.txt").write_text("".join(lines))
    again = files(*line, "--out", "again", "--exclude", "test.txt", ok=None)
    both = {row["text"] for row in first} & {row["text"] for row in files.run("again").rows}
    assert again.code == 2 or not both


@pytest.mark.parametrize("name", ["own.csv", "own.jsonl", "fasttext.txt", "own.xlsx", "noheader"])
def test_a_labelled_file_becomes_a_task_that_reads_it(name: str, files: Shell) -> None:
    flags = ["--no-header", "--map", "text=1,label=2"] if name == "noheader" else []
    file = "noheader.csv" if name == "noheader" else name
    files("init-task", "--from", file, *flags, "--out", "made.yaml", "--force")
    made = (files.folder / "made.yaml").read_text()
    assert "draft: true" in made and f"{N}: 3" in made and f"{P}: 2" in made
    (files.folder / "made.yaml").write_text(made.replace("draft: true", ""))
    found = json.loads(files("look", file, "--task", "made.yaml", *flags, "--json").out)
    assert found["labels"] == {N: 3, P: 2} and not found["problems"]


def test_a_correction_gives_the_file_back_with_its_own_cells(files: Shell) -> None:
    own = 'Id;"Review";Liked\r\n1;"Cold; and ""old"".";negative\r\n2;The best soup.;"positive"\r\n'
    (files.folder / "cells.csv").write_bytes(own.encode())
    line = "correct cells.csv --task reviews.yaml -b scripted -y --out given"
    files(*line.split(), "--map", "text=Review,label=Liked")
    changes = (files.folder / "given" / "changes.jsonl").read_text().splitlines()
    lines = own.splitlines(keepends=True)
    for at, change in enumerate(map(json.loads, changes), 1):
        if change["label"] is None:
            lines[at] = ""
        else:
            lines[at] = lines[at].replace(change["claimed"], change["label"])
    assert (files.folder / "given" / "cells.csv").read_bytes() == "".join(lines).encode()
