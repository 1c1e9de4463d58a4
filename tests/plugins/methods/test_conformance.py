"""The methods pass the suite that every method must pass, on a pair of texts or on one."""

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
    "LoopPairs": {"method": "loop", "settings": {"rows_per_call": 3}},
    "LoopTexts": {"method": "loop", "base": "kit-texts", "settings": {"rows_per_call": 6}},
    "AttrPromptPairs": {"method": "attrprompt"},
    "CodaPairs": {"method": "coda", "settings": {"embedder": "words"}},
    "ZeroGenGivenPairs": {"method": "zerogen"},
    "ZeroGenDebiasedPairs": {"method": "zerogen", "rows": 2, "settings": {"debias": "pairs"}},
    "ZeroGenTexts": {
        "method": "zerogen",
        "base": "kit-texts",
        "settings": {"condition": "Subject", "cues": {"asks": "A request:"}},
    },
    "SelfInstructPairs": {"method": "selfinstruct"},
    "ProGenPairs": {
        "method": "progen",
        "rows": 20,
        "settings": {"first": 10, "influence_from": 20, "pool": 5, "damping": 0.01},
    },
    "SuperGenPairs": {"method": "supergen", "starts": False},
    "SunGenTexts": {"method": "sungen", "base": "kit-texts"},
}
_TRAINED = ("progen", "sungen")  # by distributions that are installed beside this one

for _name, _values in SUITES.items():
    _base = Debiased if "Debiased" in _name else Further if "base" in _values else MethodSuite
    _suite = type(f"Test{_name}", (_base,), {**_values, "__module__": __name__})
    globals()[_suite.__name__] = (
        pytest.mark.whole(_suite) if _values["method"] in _TRAINED else _suite
    )


@pytest.mark.whole
@pytest.mark.parametrize(
    "method",
    ["attrprompt", "coda", "loop", "zerogen", "supergen", "sungen", "progen", "selfinstruct"],
)
def test_rows_of_a_task_whose_label_is_no_word_start_from_given_ones(works, method):
    parts = "arch deck gate hall pier rail ramp roof span wall".split()
    rows = (
        {
            "passage": f"Kora Bridge -- The Kora Bridge {part} was built in 19{number}.",
            "question": f"was the {part} of the bridge built in 19{number}",
            "label": number % 2 == 0,
        }
        for number, part in enumerate(parts, 10)
    )
    write_lines("given.jsonl", rows)
    given = () if method in ("attrprompt", "loop", "selfinstruct") else ("--given", "given.jsonl")
    settings = ("--set", "embedder=words") if method == "coda" else ()
    done = works("method", method, "boolq", "-n", "4", "-b", "scripted", *given, *settings, "-q")
    works("validate", str(Path(done.out.strip()).parent))
