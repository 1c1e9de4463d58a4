"""The pages of `targen view`: a list of rows to filter, and each row with its origin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from targen_core.text import plural
from targen_review.page.serving import (
    Secret,
    app_for,
    html,
    number_in,
    origin_of,
    refused,
    traced,
)
from targen_review.rows import ReviewData, ReviewRow

_PAGE = 50
_MAX_CHOICES = 200
_ORDERS = {"original order": 0, "longest": -1, "shortest": 1}
"""Order of rows -> the sign of their length."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of a dataset, or a reject, with the values by which rows are chosen.

    Attributes:
        data: the dataset.
        row: the row.
        traits: what is chosen -> the values that the row has.
        length: of its texts, in characters.
        text: its texts as they are searched.
    """

    data: ReviewData
    row: ReviewRow
    traits: Mapping[str, Sequence[str]]
    length: int
    text: str


def entries_of(data: Sequence[ReviewData]) -> list[Entry]:
    """Read the rows and rejects of datasets.

    Raises:
        TargenError: they cannot be read.
    """
    found = []
    for each in data:
        for row in [*each.rows(), *each.rejects()]:
            traits = {
                "dataset": [each.name],
                "label": [row.label] if row.label else [],
                "generated for": [row.before or row.intended],
                "row or reason": ["row" if row.official else row.reason.partition(":")[0]],
                "dimension": [f"{name}: {value}" for name, value in row.drawn.items()],
            }
            text = "\n".join(row.fields.values())
            found.append(Entry(each, row, traits, len(text), text.casefold()))
    return found


def view_app(entries: Sequence[Entry], secret: Secret, port: int) -> ASGIApp:
    """Return the application."""
    pages = _Pages(entries)
    return app_for(
        [("/rows", pages.rows), ("/row/{at:int}", pages.row), ("/row/{at:int}/calls", pages.calls)],
        secret,
        port,
        start=lambda: "/rows",
    )


class _Pages:
    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries
        self._names = list(dict.fromkeys(entry.data.name for entry in entries))
        values: dict[str, dict[str, None]] = {}
        for entry in entries:
            for name, traits in entry.traits.items():
                values.setdefault(name, {}).update(dict.fromkeys(filter(None, traits)))
        self._choices = {
            name: sorted(of, key=lambda value: (value != "row", value))
            for name, of in values.items()
            if 1 < len(of) <= _MAX_CHOICES
        }

    async def rows(self, request: Request) -> Response:
        """Show a page of the list."""
        query, places = self._query(request)
        pages = max(1, -(-len(places) // _PAGE))
        page = min(max(number_in(request.query_params.get("page", "")), 1), pages)
        listed = places[(page - 1) * _PAGE : page * _PAGE]
        context: dict[str, Any] = {
            **self._common(),
            "heading": plural(len(places), "row"),
            "query": query,
            "choices": self._choices,
            "orders": list(_ORDERS),
            "entries": [(at + 1, self._entries[at]) for at in listed],
            "page": page,
            "pages": pages,
            "address": f"/rows?{urlencode(query)}",
            "kept": urlencode(query),
        }
        return html("view.html", context)

    async def row(self, request: Request) -> Response:
        """Show a row, with links to its neighbours in the list from which it was opened."""
        at = request.path_params["at"] - 1
        if not 0 <= at < len(self._entries):
            return refused(f"There is no row {at + 1}.", 404)
        query, places = self._query(request)
        place = places.index(at) if at in places else None
        around = {"before": -1, "after": 1}
        ways = {
            name: f"/row/{places[place + step] + 1}?{urlencode(query)}"
            for name, step in around.items()
            if place is not None and 0 <= place + step < len(places)
        }
        page = (place or 0) // _PAGE + 1
        entry = self._entries[at]
        context = {
            **self._common(),
            "at": at + 1,
            "entry": entry,
            "origin": origin_of(entry.row),
            "back": f"/rows?{urlencode(query)}&page={page}",
            **ways,
        }
        return html("view_row.html", context)

    async def calls(self, request: Request) -> Response:
        """Show the calls that a row rests on, as `targen trace` finds them."""
        at = request.path_params["at"] - 1
        entry = self._entries[at] if 0 <= at < len(self._entries) else None
        if entry is None or not entry.data.has_origin:
            return html("calls.html", {"trace": None})
        name = entry.row.id if entry.row.number is None else entry.row.number
        return html("calls.html", {"trace": await traced(entry.data.path, name)})

    def _common(self) -> dict[str, Any]:
        return {"title": ", ".join(self._names), "several": len(self._names) > 1}

    def _query(self, request: Request) -> tuple[dict[str, str], list[int]]:
        """Return what was asked for, and the places of the rows that have it, in order."""
        asked = request.query_params
        query = {name: asked.get(name, "") for name in ("text", *self._choices)}
        order = asked.get("sort", "")
        query["sort"] = order if order in _ORDERS else "original order"
        text = query["text"].casefold()
        chosen = {name: value for name in self._choices if (value := query[name])}
        places = [
            at
            for at, entry in enumerate(self._entries)
            if text in entry.text
            and all(value in entry.traits[name] for name, value in chosen.items())
        ]
        sign = _ORDERS[query["sort"]]
        return query, sorted(places, key=lambda at: sign * self._entries[at].length)
