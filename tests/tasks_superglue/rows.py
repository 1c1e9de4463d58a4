"""Official rows that tests of several modules use."""

from __future__ import annotations

from typing import Any

RECORD_ROW: dict[str, Any] = {
    "source": "targen",
    "passage": {
        "text": "Ada Lund met Ben Roe in Oberau. Lund left.",
        "entities": [
            {"start": 0, "end": 7},
            {"start": 13, "end": 19},
            {"start": 24, "end": 29},
            {"start": 32, "end": 35},
        ],
    },
    "qas": [
        {
            "query": "Years later @placeholder wrote to him.",
            "answers": [
                {"start": 0, "end": 7, "text": "Ada Lund"},
                {"start": 32, "end": 35, "text": "Lund"},
            ],
            "idx": 0,
        }
    ],
    "idx": 0,
}
