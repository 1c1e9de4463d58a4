"""What MultiRC hands to the analysis: its options, and what could give the right ones away."""

from __future__ import annotations

from targen_core.tasks.parts import RIGHT, WRONG
from targen_tasks_multirc.task import MULTIRC


def row(*questions):
    return {
        "version": 1.1,
        "idx": 0,
        "passage": {
            "text": "Ada keeps bees. Bo sells the honey.",
            "questions": [
                {
                    "question": question,
                    "idx": at,
                    "answers": [
                        {"text": text, "idx": place} | ({} if label is None else {"label": label})
                        for place, (text, label) in enumerate(answers)
                    ],
                }
                for at, (question, answers) in enumerate(questions)
            ],
        },
    }


def test_each_option_is_a_case():
    actual = MULTIRC.rows.cases(
        row(
            ("Who works?", [("Ada", 1), ("the neighbours of Bo", 0), ("Bo", 1)]),
            ("Whose honey?", [("Ada's", 1)]),
            ("Of a test file?", [("Ada", None)]),
        )
    )
    assert [(case.question, case.label) for case in actual] == [
        (0, RIGHT),
        (0, WRONG),
        (0, RIGHT),
        (1, RIGHT),
    ]
    assert list(actual[0].texts) == ["passage", "question", "option"]
    cues = {name: [case.cues[name] for case in actual[:3]] for name in actual[0].cues}
    assert cues["place among the options"] == [(0, -3), (1, -2), (2, -1)]
    assert cues["number of options"] == [(3,), (3,), (3,)]
    assert [one for one, *_ in cues["length beside the other options"]] == [-1.5, 3, -1.5]
    assert actual[3].cues["number of options"] == (1,)
    assert actual[3].cues["length beside the other options"][0] == 0
