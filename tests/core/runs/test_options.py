"""`-o KEY=VALUE` and `-o STEP.KEY=VALUE`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_core import Backend, BackendOptions
from targen_core.engine.quotas import Quotas
from targen_core.errors import UsageError
from targen_core.runs.parsing import parse_options
from targen_core.runs.step_options import (
    StepOptions,
    check_steps,
    step_options,
    step_parameters,
)
from targen_core.tasks.steps import PARAMETERS
from targen_testing.sample import SAMPLE


def typed(*items: str, elsewhere: Sequence[str] = ()) -> dict[str, StepOptions]:
    options = parse_options(items)
    check_steps(SAMPLE.replace(seeds=(SAMPLE.contexts,) * 2).steps, options)
    return {step: step_options(options, step, elsewhere=step in elsewhere) for step in PARAMETERS}


def test_an_option_without_a_step_is_for_all_and_one_with_a_step_wins():
    options = typed("temperature=0.5", "correct.temperature=0", "model=a")
    assert options["generate"].sampling == {"temperature": 0.5}
    assert options["correct"].sampling == {"temperature": 0}
    assert {step.backend["model"] for step in options.values()} == {"a"}
    reverse = typed("correct.temperature=0", "temperature=0.5")
    assert reverse == typed("temperature=0.5", "correct.temperature=0")


REFUSED = {
    "not KEY=VALUE": "temperature =1",
    "no step 'judge'": "judge.temperature=1",
    "must be a number": "temperature=warm temperature=true temperature=NaN temperature=Infinity "
    "presence_penalty=NaN frequency_penalty=often",
    "must be a number, 0 or more": "temperature=-1 repeat_penalty=-1 top_p=-3 min_p=-0.1",
    "from 0 to 1": "top_p=1.1 min_p=2",
    "whole number": "top_k=1.5 seed=x",
    "whole number, -1 or more": "top_k=-2 seed=-2",
    "whole number above 0": "max_tokens=0 max_tokens=1.5 max_tokens=true seeds.batch=0 "
    "seeds.batch=-1 seeds.batch=a contexts.batch=2,",
    "lists 2 sizes, but step contexts has one list": "contexts.batch=5,6",
    "only contexts and seeds": "generate.batch=2",
    "its own batch size": "batch=5",
    "both prices": f"price_in=1 price_out=free price_in=1{'0' * 400}",
}


@pytest.mark.parametrize(
    ("item", "words"), [(item, words) for words, items in REFUSED.items() for item in items.split()]
)
def test_options_that_make_no_sense_are_refused(item, words):
    with pytest.raises(UsageError, match=words):
        typed(item)


def test_prices_and_batches():
    options = typed("price_in=1", "price_out=2.5", "seeds.batch=2,3", "contexts.batch=7")
    assert options["generate"].price == (1.0, 2.5)
    assert options["seeds"].batch == (2, 3)
    assert options["contexts"].batch == (7,)
    assert options["correct"].batch == ()
    for price in ("-1", "nan", "NaN", "inf", "Infinity", "1e999", "1e308", "1000001"):
        with pytest.raises(UsageError, match="a price must be a number from 0 to 1,000,000"):
            typed(f"price_in={price}", "price_out=2")


def test_parameters_come_from_core_task_backend_and_user_in_this_order(lab):
    task = lab.World().task(
        calls={"parameters": {"generate": {"temperature": 0.1, "max_tokens": 11}}},
    )
    backend = Backend(
        summary="",
        options=BackendOptions,
        create=lambda options: None,
        defaults=lambda options: {"max_tokens": 22, "seeds.max_tokens": 33},
    )

    def parameters(step):
        user = step_options({"generate.top_p": 0.5}, step)
        (asked,) = (part for part in task.steps if part.name == step)
        return step_parameters(asked, backend, BackendOptions(), user)

    assert parameters("generate") == {"temperature": 0.1, "max_tokens": 22, "top_p": 0.5}
    assert parameters("seeds") == {**PARAMETERS["seeds"], "max_tokens": 33}
    task = lab.World().task(seeds=(replace(SAMPLE.contexts, name="passages"),))
    assert parameters("passages") == {**PARAMETERS["seeds"], "max_tokens": 33}
    assert parameters("correct") == {**PARAMETERS["correct"], "max_tokens": 22}


@given(rows=st.integers(1, 500), labels=st.integers(1, 7), unit=st.sampled_from([1, 2, 3]))
def test_an_even_split_loses_no_row_and_breaks_no_unit(rows, labels, unit):
    names = [f"label{number}" for number in range(labels)]
    quotas = Quotas.even(rows * unit, SimpleNamespace(quota_names=names, rows_per_instance=unit))
    counts = list(quotas.values())
    assert list(quotas) == names
    assert sum(counts) == rows * unit
    assert all(count % unit == 0 for count in counts)
    assert counts == sorted(counts, reverse=True)
    assert max(counts) - min(counts) <= unit


def test_an_option_without_a_step_is_about_the_main_backend():
    options = typed(
        *("model=small", "price_in=1", "price_out=2", "temperature=0.3", "correct.model=large"),
        elsewhere=["correct"],
    )
    assert options["generate"].backend == {"model": "small"}
    assert options["generate"].price == (1.0, 2.0)
    assert options["correct"].backend == {"model": "large"}
    assert options["correct"].price is None
    assert options["correct"].sampling == {"temperature": 0.3}
