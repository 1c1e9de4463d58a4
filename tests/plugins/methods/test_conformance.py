"""The methods pass the suite that every method must pass: on one text, on a pair, on RTE and CB."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from targen_methods.testing import MethodSuite


class TestAttrPromptPairs(MethodSuite):
    method = "attrprompt"


class TestAttrPromptTexts(MethodSuite):
    method = "attrprompt"
    base = "kit-texts"
    settings = {"attribute": {"tone": ["warm", "terse"]}, "lengths": [20, 40]}  # noqa: RUF012


@pytest.mark.whole
class TestAttrPromptRte(MethodSuite):
    method = "attrprompt"
    base = "rte"


@pytest.mark.whole
class TestAttrPromptCb(MethodSuite):
    method = "attrprompt"
    base = "cb"


class TestCodaPairs(MethodSuite):
    method = "coda"
    settings = {"embedder": "words"}  # noqa: RUF012


class TestCodaTexts(MethodSuite):
    method = "coda"
    base = "kit-texts"
    settings = {"embedder": "words"}  # noqa: RUF012


@pytest.mark.whole
class TestCodaRte(MethodSuite):
    method = "coda"
    base = "rte"


@pytest.mark.whole
class TestCodaCb(MethodSuite):
    method = "coda"
    base = "cb"


class TestZeroGenPairs(MethodSuite):
    method = "zerogen"
    starts = False


class TestZeroGenGivenPairs(MethodSuite):
    method = "zerogen"


class TestZeroGenDebiasedPairs(MethodSuite):
    method = "zerogen"
    settings = {"debias": "pairs"}  # noqa: RUF012


class TestZeroGenTexts(MethodSuite):
    method = "zerogen"
    base = "kit-texts"
    settings = {"condition": "Subject", "cues": {"asks": "A request:"}}  # noqa: RUF012


@pytest.mark.whole
class TestZeroGenRte(MethodSuite):
    method = "zerogen"
    base = "rte"


@pytest.mark.whole
class TestZeroGenCb(MethodSuite):
    method = "zerogen"
    base = "cb"


class TestSelfInstructPairs(MethodSuite):
    method = "selfinstruct"


class TestSelfInstructTexts(MethodSuite):
    method = "selfinstruct"
    base = "kit-texts"


@pytest.mark.whole
class TestSelfInstructRte(MethodSuite):
    method = "selfinstruct"
    base = "rte"


@pytest.mark.whole
class TestSelfInstructCb(MethodSuite):
    method = "selfinstruct"
    base = "cb"


@pytest.mark.whole
class TestProGenPairs(MethodSuite):
    method = "progen"
    rows = 40
    settings = {"first": 18, "influence_from": 20, "pool": 5, "damping": 0.01}  # noqa: RUF012


@pytest.mark.whole
class TestProGenTexts(MethodSuite):
    method = "progen"
    base = "kit-texts"


@pytest.mark.whole
class TestProGenRte(MethodSuite):
    method = "progen"
    base = "rte"
    rows = 40
    settings = {"first": 12, "influence_from": 20, "pool": 5, "damping": 0.01}  # noqa: RUF012


class TestSuperGenPairs(MethodSuite):
    method = "supergen"
    starts = False


class TestSuperGenTexts(MethodSuite):
    method = "supergen"
    base = "kit-texts"


@pytest.mark.whole
class TestSuperGenRte(MethodSuite):
    method = "supergen"
    base = "rte"


@pytest.mark.whole
class TestSuperGenCb(MethodSuite):
    method = "supergen"
    base = "cb"
    starts = False


@pytest.mark.whole
class TestSunGenPairs(MethodSuite):
    method = "sungen"
    starts = False


@pytest.mark.whole
class TestSunGenTexts(MethodSuite):
    method = "sungen"
    base = "kit-texts"


@pytest.mark.whole
@pytest.mark.parametrize(
    "method", ["attrprompt", "coda", "zerogen", "supergen", "sungen", "progen", "selfinstruct"]
)
def test_rows_of_a_form_of_their_own(targen: Any, method: str) -> None:
    rows = [
        {
            "passage": f"Kora Bridge -- The Kora Bridge {part} was built in 19{number}.",
            "question": f"was the {part} of the bridge built in 19{number}",
            "label": number % 2 == 0,
        }
        for number, part in enumerate(
            "arch deck gate hall pier rail ramp roof span wall".split(), 10
        )
    ]
    Path("given.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    given = () if method in ("attrprompt", "selfinstruct") else ("--given", "given.jsonl")
    settings = ("--set", "embedder=words") if method == "coda" else ()
    done = targen("method", method, "boolq", "-n", "4", "-b", "scripted", *given, *settings, "-q")
    assert done.code == 0, done.err
    run = Path(done.out.strip()).parent
    assert targen("validate", str(run)).code == 0
