"""Accounts: one cap over all parts of a command, counted by their journals."""

from __future__ import annotations

from pathlib import Path

import pytest

from targen_core import Price
from targen_core.cli.account import Account
from targen_core.errors import BudgetExhausted, UsageError
from targen_core.runs.config import RunConfig
from targen_core.runs.job import Job

from ...runs import journal

pytestmark = pytest.mark.usefixtures("virtual_time")

PRICE = Price(10.0, 20.0)


@pytest.fixture
def part(lab, tmp_path):
    """Run a part of a command in a folder of its own; its model has a price."""
    world = lab.World(lists=(4, 3))
    task = world.task()

    def run(out, *, rows=4, price=PRICE, cache=None, **limits):
        model = lab.ToyModel(world.reply, price=price)
        registry = lab.registry(task, model)
        config = RunConfig(
            task="toy",
            quotas={"yes": rows, "no": rows},
            backend="toy",
            options={"max_tokens": 20},
            concurrency=4,
            **limits,
        )
        with Job.create(registry, config, tmp_path / out, cache=cache) as job:
            job.run()
        return model

    return run


def paid(folder: Path) -> float:
    """Dollars in all journals, read by hand."""
    return sum(
        call["cost"] or 0 for path in folder.rglob("journal") for call in journal(path.parent)
    )


def cost_of(part, tmp_path) -> float:
    part("measure")
    return paid(tmp_path / "measure")


def test_parts_draw_from_one_account(part, tmp_path):
    each = cost_of(part, tmp_path)
    cap = 1.7 * each
    parts = [tmp_path / "all" / name for name in ("a", "b")]
    with Account(max_cost=cap, parts=parts) as account:
        part("all/a")
        with pytest.raises(BudgetExhausted, match="by the command's runs") as caught:
            part("all/b")
    assert caught.value.shared
    assert caught.value.hint == "run the same command again with a larger --max-cost"
    assert each < paid(tmp_path / "all") <= cap
    assert account.spent.dollars == pytest.approx(paid(tmp_path / "all"))
    assert account.billed.startswith(f"billed: ${account.spent.dollars:.4f} of ${cap:.4f} (")
    assert account.facts["dollars"] == pytest.approx(account.spent.dollars, abs=1e-6)


def test_what_a_later_part_spent_in_an_earlier_process_counts(part, tmp_path):
    each = cost_of(part, tmp_path)
    part("all/b")  # of an earlier process
    parts = [tmp_path / "all" / name for name in ("a", "b")]
    with Account(max_cost=1.5 * each, parts=parts) as account:
        assert account.spent.dollars == pytest.approx(each)
        with pytest.raises(BudgetExhausted):
            part("all/a")
        assert part("all/b").asked == [], "nothing is left, and nothing is asked"
    assert paid(tmp_path / "all") <= 1.5 * each


def test_a_cap_needs_the_price_of_every_part(part):
    with Account(max_cost=1), pytest.raises(UsageError, match="--max-cost needs a price"):
        part("all/a", price=None)
    with Account() as account:
        part("all/a", price=None)
    assert "unknown, since a price is missing" in account.billed
    assert account.facts["dollars"] is None
