"""Checks of every transformed row."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from targen_core import Rejected
from targen_core.tasks.words import is_cut_from
from targen_standard.checks.copies import is_copy
from targen_standard.checks.languages import check_language
from targen_standard.checks.patterns import matches

if TYPE_CHECKING:
    from targen_datatune.transforming.spec import Transform


def row_check(spec: Transform) -> Callable[[Any, Any], None]:
    """The check of a task; it is given instances with `input`, and `output` or `label`."""
    rules = spec.checks

    def check(row: Any, seed: Any) -> None:
        """Judge one row.

        Raises:
            Rejected: `too-short`, `too-long`, `wrong-format`, `not-english` and so on,
                `copied-example`, `copied-input` or `not-in-input`.
        """
        output = row.label if spec.labels else row.output
        for what, text in (("input", row.input), ("output", output)):
            _sized(what, text, getattr(rules, f"min_{what}"), getattr(rules, f"max_{what}"))
            pattern = getattr(rules, f"{what}_format")
            if pattern and not matches(pattern, text):
                raise Rejected("wrong-format", f"the {what} is not of the form {pattern}")
        if rules.language:
            check_language(row.input, "input", rules.language)
            if not spec.labels:
                check_language(output, "output", rules.language)
        if any(is_copy(row.input, example.input) for example in spec.examples):
            raise Rejected("copied-example", "the input is that of an example")
        if not (rules.may_copy or spec.labels) and is_copy(output, row.input):
            raise Rejected("copied-input", "the output is the input")
        if rules.output_in_input and not is_cut_from(output, row.input):
            raise Rejected("not-in-input", f"the output does not stand in the input: {output!r}")

    return check


def _sized(what: str, text: str, low: int, high: int) -> None:
    if len(text) < max(low, 1):
        raise Rejected("too-short", f"the {what} has {len(text)} characters, fewer than {low}")
    if len(text) > high:
        raise Rejected("too-long", f"the {what} has {len(text):,} characters, more than {high:,}")
