"""The user's own contexts and seeds, out of a table."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from targen_core.dataset.items import read_items
from targen_core.errors import UsageError
from targen_core.tasks.steps import ListStep


class Pair(BaseModel):
    word: str
    count: int


class Claim(BaseModel):
    claim: str
    text: str = "-"


CLAIMS = [Claim(claim="a"), Claim(claim="b", text="c")]


def _list(item):
    async def propose(llm, parent, existing):
        return []

    return ListStep(item=item, propose=propose, batch=1)


@pytest.mark.parametrize(
    ("name", "text", "item", "items"),
    [
        ("one.csv", 'place\nat night\n\n"a,\nb"\n', str, ["at night", "a,\nb"]),
        ("more.csv", "id,context\n1,night buses\n", str, ["night buses"]),
        ("more.tsv", "id\tcontext\n1\tnight, late\n", str, ["night, late"]),
        ("pairs.csv", "note,word,count\nx,bank,3\n", Pair, [Pair(word="bank", count=3)]),
        ("blanks.txt", "  river ports \n\nnight trains\n", str, ["river ports", "night trains"]),
        ("blanks.jsonl", '"river ports"\n\n"night trains"', str, ["river ports", "night trains"]),
        ("keys.jsonl", '{"text": "a"}\n{"context": "b", "text": "c"}\n"d"', str, ["a", "b", "d"]),
        ("keys.jsonl", '{"context": "a"}\n{"claim": "b", "text": "c"}', Claim, CLAIMS),
        ("ends.csv", b'context,x\r\n"a\r\nb",1\r\n', str, ["a\r\nb"]),
        ("lines.txt", "id,context\n", str, ["id,context"]),
        ("marked.txt", "Tür\nTor\n".encode("utf-16"), str, ["Tür", "Tor"]),
        ("marked.csv", "x,context\n1,Tür\n".encode("utf-32"), str, ["Tür"]),
        ("marked.jsonl", '"Tür"\n'.encode("utf-8-sig"), str, ["Tür"]),
    ],
)
def test_a_table_is_read_by_its_columns(tmp_path, name, text, item, items):
    (tmp_path / name).write_bytes(text.encode() if isinstance(text, str) else text)
    assert list(read_items(tmp_path / name, _list(item), "--contexts")) == items


@pytest.mark.parametrize(
    ("name", "text", "item", "words"),
    [
        ("a.csv", "id,place\n1,town\n", str, "single text, but .* has the columns id, place"),
        ("a.csv", "word,count\nbank,many\n", Pair, "line 2: count: "),
        ("a.csv", "word,count\nbank,3,4\n", Pair, "line 2: too many cells"),
        ("a.csv", "place\n", str, "is empty"),
        ("a.txt", "\n \n", str, "is empty"),
        ("a.jsonl", '"a"\n{"b": 1}\n', str, "line 2: an object needs the key context or text"),
        ("a.jsonl", '"a"\n[]\n', str, r"line 2: \[\] is not of type str"),
        ("a.txt", b"a\nb\n\xe9\nc\n", str, "line 3: it is not UTF-8 text\n.*iconv"),
        ("a.csv", b"\xe9\nc\n", str, "line 1: it is not UTF-8 text"),
        ("a.jsonl", '"not json\n', str, "line 1: it is not JSON"),
        ("a.txt", None, str, "No such file"),
        ("a.gz", "a\n", str, "it is compressed\n.*decompress it"),
    ],
)
def test_a_file_that_cannot_be_read_is_said(tmp_path, name, text, item, words):
    if text is not None:
        (tmp_path / name).write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(UsageError, match=words):
        read_items(tmp_path / name, _list(item), "--contexts")
