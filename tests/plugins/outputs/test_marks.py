"""Marks in texts: what is marked comes back, wherever it stands, and no text is lost."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from targen_core.errors import Rejected
from targen_outputs.labels import Labels
from targen_outputs.marks import marked, read_marks
from targen_outputs.sets import label_for, sets_of

TYPES = ("a", "b", "long-type")
TEXTS = st.text(st.sampled_from("xyz <>/ab.é\U0001f600\n"), min_size=1, max_size=30)


@st.composite
def spanned(draw):
    """A text and spans in it, nested or crossing, none of spaces alone or at their ends."""
    text = draw(TEXTS)
    places = draw(
        st.lists(
            st.tuples(st.integers(0, len(text)), st.integers(0, len(text)), st.sampled_from(TYPES)),
            max_size=4,
        )
    )
    spans, seen = [], set()
    for one, other, kind in places:
        start, end = sorted((one, other))
        said = text[start:end]
        if not said.strip() or said != said.strip():
            continue
        inside = [s for s in spans if s["type"] == kind and s["start"] < end and start < s["end"]]
        if inside or (start, end, kind) in seen:  # of one type, what is closed is the last opened
            continue
        seen.add((start, end, kind))
        spans.append({"start": start, "end": end, "type": kind, "text": said})
    return text, sorted(spans, key=lambda s: (s["start"], s["end"], s["type"]))


@given(spanned())
def test_what_is_marked_is_read_again(case):
    text, spans = case
    shown = marked(text, spans)
    try:
        plain, found = read_marks(shown, TYPES)
    except Rejected:
        plain, found = text, spans if "<" in text else None
    if not any(f"<{kind}>" in text or f"</{kind}>" in text for kind in TYPES):
        assert plain == text
        assert found == spans


@given(st.integers(1, 9), st.integers(0, 3), st.integers(0, 3))
def test_each_name_is_in_equally_many_sets(count, low, more):
    names = [f"n{at}" for at in range(count)]
    sets = sets_of(names, (low, low + more))
    for size in {len(members) for members in sets.values()}:
        of_size = [members for members in sets.values() if len(members) == size]
        assert len({sum(name in members for members in of_size) for name in names}) == 1
    for label, members in sets.items():
        assert label_for(members, sets) == label


@given(st.data(), st.lists(st.integers(0, 12), min_size=1, max_size=6))
def test_sets_meet_the_count_of_each_name_or_the_error_says_how_many_rows_would(data, counts):
    names = [f"n{at}" for at in range(len(counts))]
    low = data.draw(st.integers(0, min(2, len(names))))
    high = data.draw(st.integers(max(1, low), 3))
    none = data.draw(st.integers(0, 5)) if not low else 0
    wanted = {**dict(zip(names, counts, strict=True)), "none": none}
    below = {"labels": dict.fromkeys(names, "x"), "several": True, "per_row": (low, high)}
    with pytest.raises(ValidationError) as refused:
        Labels(**below, counts=wanted)
    problem = str(refused.value)
    if not any(wanted.values()):
        assert "all are 0" in problem
        return
    if " is too high (the others add up to " in problem:
        assert max(counts) * low > sum(counts)
        return
    if " no number of rows " in problem:
        assert not any(low * rows <= sum(counts) <= high * rows for rows in range(100))
        return
    fewest, most = re.findall(r"type rows: (\d+)(?: to (\d+))?", problem)[0]
    fits = range(int(fewest), int(most or fewest) + 1)
    for rows in {fits[0], fits[len(fits) // 2], fits[-1]}:
        spec = Labels(**below, counts=wanted, rows=rows)
        planned = spec.presets["counts"]
        assert sum(planned.values()) == rows
        assert planned.keys() == spec.sets.keys()
        assert all(low <= len(members) <= high for members in spec.sets.values())
        for name, count in wanted.items():
            assert sum(n for label, n in planned.items() if name in label.split("+")) == count
    for rows in {fits[0] - 1, fits[-1] + 1} - {0}:
        with pytest.raises(ValidationError, match=f"type rows: {fewest}"):
            Labels(**below, counts=wanted, rows=rows)
