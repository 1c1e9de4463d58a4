"""The methods pass the suite that every method must pass: on one text, on a pair, and on CB."""

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


SUITES: dict[str, dict[str, Any]] = {
    "AttrPromptPairs": {"method": "attrprompt"},
    "AttrPromptTexts": {
        "method": "attrprompt",
        "base": "kit-texts",
        "settings": {"attribute": {"tone": ["warm", "terse"]}, "lengths": [20, 40]},
    },
    "CodaPairs": {"method": "coda", "settings": {"embedder": "words"}},
    "CodaTexts": {"method": "coda", "base": "kit-texts", "settings": {"embedder": "words"}},
    "ZeroGenPairs": {"method": "zerogen", "starts": False},
    "ZeroGenGivenPairs": {"method": "zerogen"},
    "ZeroGenDebiasedPairs": {"method": "zerogen", "rows": 2, "settings": {"debias": "pairs"}},
    "ZeroGenTexts": {
        "method": "zerogen",
        "base": "kit-texts",
        "settings": {"condition": "Subject", "cues": {"asks": "A request:"}},
    },
    "ZeroGenCb": {"method": "zerogen", "base": "cb"},
    "SelfInstructPairs": {"method": "selfinstruct"},
    "SelfInstructTexts": {"method": "selfinstruct", "base": "kit-texts"},
    "ProGenPairs": {
        "method": "progen",
        "rows": 20,
        "settings": {"first": 10, "influence_from": 20, "pool": 5, "damping": 0.01},
    },
    "ProGenTexts": {"method": "progen", "base": "kit-texts"},
    "SuperGenPairs": {"method": "supergen", "starts": False},
    "SuperGenTexts": {"method": "supergen", "base": "kit-texts"},
    "SunGenTexts": {"method": "sungen", "base": "kit-texts"},
}
_TRAINED = ("progen", "sungen")  # by distributions that are installed beside this one

for _name, _values in SUITES.items():
    _base = Further if "base" in _values or _name == "ZeroGenGivenPairs" else MethodSuite
    _base = Debiased if "Debiased" in _name else _base
    _suite = type(f"Test{_name}", (_base,), {**_values, "__module__": __name__})
    _whole = _values.get("base") == "cb" or _values["method"] in _TRAINED
    globals()[_suite.__name__] = pytest.mark.whole(_suite) if _whole else _suite


FORMS = {
    "boolq": lambda number, part: {
        "passage": f"Kora Bridge -- The Kora Bridge {part} was built in 19{number}.",
        "question": f"was the {part} of the bridge built in 19{number}",
        "label": number % 2 == 0,
    },
    "rte": lambda number, part: {
        "premise": f"The {part} of the Kora Bridge was built in 19{number} by two brothers.",
        "hypothesis": f"Two brothers built the {part}.",
        "label": "entailment" if number % 2 else "not_entailment",
    },
}
"""A row to start from, by its task."""


@pytest.mark.whole
@pytest.mark.parametrize(
    "method", ["attrprompt", "coda", "zerogen", "supergen", "sungen", "progen", "selfinstruct"]
)
@pytest.mark.parametrize("task", FORMS)
def test_rows_of_a_form_of_their_own(works, task, method):
    parts = "arch deck gate hall pier rail ramp roof span wall".split()
    write_lines("given.jsonl", (FORMS[task](at, part) for at, part in enumerate(parts, 10)))
    given = () if method in ("attrprompt", "selfinstruct") else ("--given", "given.jsonl")
    settings = ("--set", "embedder=words") if method == "coda" else ()
    done = works("method", method, task, "-n", "4", "-b", "scripted", *given, *settings, "-q")
    run = Path(done.out.strip()).parent
    works("validate", str(run))
