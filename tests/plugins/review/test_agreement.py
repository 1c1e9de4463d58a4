"""Agreement: the figures of other people's packages, and what grades do not define."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_review.agreement import Figure, cohen_kappa, krippendorff_alpha, share, spearman

LETTERS = "ABCD"
_GRADES = st.sampled_from(LETTERS)
_PAIRS = st.lists(st.tuples(_GRADES, _GRADES), min_size=2, max_size=40)
_SOME = st.lists(
    st.lists(st.one_of(st.none(), _GRADES), min_size=4, max_size=4), min_size=2, max_size=20
)


@pytest.mark.whole
@pytest.mark.parametrize("linear", [False, True])
@given(_PAIRS)
def test_kappa_is_that_of_scikit_learn(linear, pairs):
    metrics = pytest.importorskip("sklearn.metrics")
    one, other = zip(*pairs, strict=True)
    ours = cohen_kappa(one, other, order=LETTERS, linear=linear)
    if len({*one, *other}) == 1:
        reason = "both raters gave the same answer for every row"
        assert ours == Figure(None, rows=len(pairs), reason=reason)
        return
    weights = "linear" if linear else None
    theirs = metrics.cohen_kappa_score(one, other, labels=list(LETTERS), weights=weights)
    assert ours.value == pytest.approx(theirs)


@pytest.mark.whole
@given(_PAIRS)
def test_spearman_is_that_of_scipy(pairs):
    stats = pytest.importorskip("scipy.stats")
    one, other = ([-LETTERS.index(each) for each in side] for side in zip(*pairs, strict=True))
    ours = spearman(one, other)
    if len({*one}) == 1 or len({*other}) == 1:
        reason = "one of the two raters gave every row the same grade"
        assert ours == Figure(None, rows=len(pairs), reason=reason)
        return
    assert ours.value == pytest.approx(stats.spearmanr(one, other).statistic, abs=1e-9)


@pytest.mark.whole
@pytest.mark.parametrize("level", ["nominal", "ordinal"])
@given(_SOME)
def test_alpha_is_that_of_krippendorff(level, rows):
    package = pytest.importorskip("krippendorff")
    ours = krippendorff_alpha(rows, order=LETTERS, level=level)  # type: ignore[arg-type]
    graded = [[each for each in row if each] for row in rows]
    pairable = {each for row in graded if len(row) > 1 for each in row}
    if len(pairable) < 2:
        reason = "every row got the same grade" if pairable else "no rows have two grades"
        assert (ours.value, ours.reason) == (None, reason)
        return
    data = [[math.nan if row[at] is None else LETTERS.index(row[at] or "") for row in rows]
            for at in range(4)]  # fmt: skip
    theirs = package.alpha(data, level_of_measurement=level, value_domain=[0, 1, 2, 3])
    assert ours.value == pytest.approx(theirs, abs=1e-9)


@given(_SOME)
def test_no_figure_is_ever_nan_and_intervals_hold_their_figure(rows):
    one, other = [row[0] for row in rows], [row[1] for row in rows]
    numbers = [[None if each is None else LETTERS.index(each) for each in side]
               for side in (one, other)]  # fmt: skip
    for figure in (
        cohen_kappa(one, other),
        cohen_kappa(one, other, order=LETTERS, linear=True),
        spearman(*numbers),
        krippendorff_alpha(rows),
        krippendorff_alpha(rows, order=LETTERS, level="ordinal"),
    ):
        if figure.value is None:
            assert figure.reason
            assert figure.low is figure.high is None
        else:
            assert not figure.reason
            assert -1 <= figure.value <= 1
            if figure.low is not None and figure.high is not None:
                assert -1 <= figure.low <= figure.value <= figure.high <= 1


def test_what_grades_do_not_define_has_a_reason():
    none = Figure(None, reason="no rows have a grade from both raters")
    assert cohen_kappa(["A", None], [None, "A"]) == none
    assert spearman([1, 2], [None, None]).reason == "no rows have a grade from both raters"
    assert krippendorff_alpha([["A"], []]).reason == "no rows have two grades"
    assert share(0, 0).reason == "no rows were graded"


def test_where_all_agree_or_no_row_changes_a_figure_there_is_one_without_an_interval():
    assert cohen_kappa("AABCD", "AABCD") == Figure(1.0, rows=5)
    assert spearman([1, 2, 3], [2, 4, 6]) == Figure(1.0, rows=3)
    # Who calls all rows acceptable agrees by chance alone, whatever row is left out.
    figure = cohen_kappa([True] * 6, [True, False] * 3)
    assert (figure.value, figure.low, figure.high) == (0.0, None, None)


def test_grades_that_are_not_on_the_scale_are_refused():
    with pytest.raises(ValueError, match="'E' is not on the scale A, B, C, D"):
        krippendorff_alpha(["AE"], order=LETTERS, level="ordinal")
    with pytest.raises(ValueError, match="zip"):
        cohen_kappa("AA", "A")


def test_a_share_has_wilsons_interval():
    figure = share(264, 300)  # 88% of 300 rows, DataTune's figure
    assert (figure.value, figure.rows) == (0.88, 300)
    assert (round(figure.low or 0, 4), round(figure.high or 0, 4)) == (0.8383, 0.912)
