"""A corrector of one's own: anything that takes an instance and returns a `Correction`."""

from __future__ import annotations

from targen_core import Correction
from targen_core.tasks.steps import Llm
from targen_core.tasks.words import words
from targen_plugin_example.steps import Ticket

_PRESSING = {"now", "immediately", "emergency", "danger", "losing", "today"}


async def keywords(llm: Llm, ticket: Ticket, /) -> Correction:
    """Reject routine tickets with urgent words and confirm all others, without a model."""
    if ticket.label == "routine" and _PRESSING & set(words(ticket.text)):
        return Correction.reject("pressing-words", "a routine ticket with urgent wording")
    return Correction(ticket.label, "the words fit the label")
