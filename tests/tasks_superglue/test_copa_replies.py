"""COPA on replies as models write them, good and bad, each with what must come of it."""

from __future__ import annotations

import pytest

from targen_core import Rejected
from targen_tasks_superglue.copa import COPA, CopaRow, Event

PREMISE = "The baker took the bread out early."
LIKELY, UNLIKELY = "The oven was far too hot.", "The oven had gone cold."


def test_quotation_marks_and_accents_come_through_as_they_are(run):
    quoted = "Zo\u00eb\u2019s caf\u00e9 \u2014 \u201cChez Zo\u00eb\u201d \u2014 ran late."

    def bend(step, good, repair):
        if step == "seeds":
            return {"events": ["Zo\u00eb\u2019s waiter dropped the menus."]}
        if step == "generate":
            return {
                **good,
                "likely": quoted,
                "unlikely": "Nobody closed Zo\u00eb\u2019s caf\u00e9 that day.",
            }
        return good

    ran = run(bend, task="copa", rows=2, near_duplicates=0.0)
    assert {row[f"choice{row['label'] + 1}"] for row in ran.rows} == {quoted}


# --- step 4 -----------------------------------------------------------------


def test_a_check_speaks_of_the_rule_that_was_broken():
    row = CopaRow(
        premise=PREMISE,
        choice1="The oven was hot.",
        choice2="Before dawn the old baker of our street had lit both of the ovens.",
        question="cause",
        label=0,
    )
    with pytest.raises(Rejected, match="one choice has 4 words, the other 14"):
        COPA.checks[0](row, Event(event=PREMISE))
