"""The methods pass the suite that every method must pass: on one text, on a pair, on RTE and CB."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from targen_methods.testing import MethodSuite
from tests.files import write_lines


class Further(MethodSuite):
    """On another task; that bytes stay the same elsewhere is of the method alone."""

    test_same_bytes_in_another_process = None


class Debiased(Further):
    """It takes a call for each token, and the hostile run of a text that never ends a minute."""

    test_steps_raise_only_rejections = None
    test_reasons_are_slugs = None
    test_labels_come_from_the_set = None
    test_hostile_replies_make_no_bad_rows = None


_PROGEN = {"influence_from": 20, "pool": 5, "damping": 0.01}
SUITES: dict[str, dict[str, Any]] = {
    "AttrPromptPairs": {"method": "attrprompt"},
    "AttrPromptTexts": {
        "method": "attrprompt",
        "base": "kit-texts",
        "settings": {"attribute": {"tone": ["warm", "terse"]}, "lengths": [20, 40]},
    },
    "AttrPromptRte": {"method": "attrprompt", "base": "rte"},
    "CodaPairs": {"method": "coda", "settings": {"embedder": "words"}},
    "CodaTexts": {"method": "coda", "base": "kit-texts", "settings": {"embedder": "words"}},
    "CodaRte": {"method": "coda", "base": "rte"},
    "ZeroGenPairs": {"method": "zerogen", "starts": False},
    "ZeroGenGivenPairs": {"method": "zerogen"},
    "ZeroGenDebiasedPairs": {"method": "zerogen", "settings": {"debias": "pairs"}},
    "ZeroGenTexts": {
        "method": "zerogen",
        "base": "kit-texts",
        "settings": {"condition": "Subject", "cues": {"asks": "A request:"}},
    },
    "ZeroGenRte": {"method": "zerogen", "base": "rte"},
    "ZeroGenCb": {"method": "zerogen", "base": "cb"},
    "SelfInstructPairs": {"method": "selfinstruct"},
    "SelfInstructTexts": {"method": "selfinstruct", "base": "kit-texts"},
    "SelfInstructRte": {"method": "selfinstruct", "base": "rte"},
    "ProGenPairs": {"method": "progen", "rows": 40, "settings": {"first": 18, **_PROGEN}},
    "ProGenTexts": {"method": "progen", "base": "kit-texts"},
    "ProGenRte": {
        "method": "progen",
        "base": "rte",
        "rows": 40,
        "settings": {"first": 12, **_PROGEN},
    },
    "SuperGenPairs": {"method": "supergen", "starts": False},
    "SuperGenTexts": {"method": "supergen", "base": "kit-texts"},
    "SuperGenRte": {"method": "supergen", "base": "rte"},
    "SuperGenCb": {"method": "supergen", "base": "cb", "starts": False},
    "SunGenTexts": {"method": "sungen", "base": "kit-texts"},
}
_TRAINED = ("progen", "sungen")  # by distributions that are installed beside this one

for _name, _values in SUITES.items():
    _base = Further if "base" in _values or _name == "ZeroGenGivenPairs" else MethodSuite
    _base = Debiased if "Debiased" in _name else _base
    _suite = type(f"Test{_name}", (_base,), {**_values, "__module__": __name__})
    _whole = _values.get("base") in ("rte", "cb") or _values["method"] in _TRAINED
    globals()[_suite.__name__] = pytest.mark.whole(_suite) if _whole else _suite


@pytest.mark.whole
@pytest.mark.parametrize(
    "method", ["attrprompt", "coda", "zerogen", "supergen", "sungen", "progen", "selfinstruct"]
)
def test_rows_of_a_form_of_their_own(works, method):
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
    write_lines("given.jsonl", rows)
    given = () if method in ("attrprompt", "selfinstruct") else ("--given", "given.jsonl")
    settings = ("--set", "embedder=words") if method == "coda" else ()
    done = works("method", method, "boolq", "-n", "4", "-b", "scripted", *given, *settings, "-q")
    run = Path(done.out.strip()).parent
    works("validate", str(run))
