"""From a plan to a page that is served: the rows read, the books opened, the links printed."""

from __future__ import annotations

import getpass
import shlex
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from targen_core.errors import UsageError
from targen_core.text import plural
from targen_review.cli.browser import open_page
from targen_review.grades import GradeBook, Rater, as_name, check_name
from targen_review.page.desk import Desk
from targen_review.page.guard import Secret
from targen_review.page.server import Shared, app_for
from targen_review.page.serving import port_of, serve
from targen_review.page.store import RowStore
from targen_review.plan import Plan
from targen_review.rows import ReviewData, review_rows

_COUNTED = 10_000  # rows that are compared at the end


def grade_on_a_page(
    folder: Path,
    plan: Plan,
    data: Sequence[ReviewData],
    *,
    me: str | None,
    port: int,
    browser: bool,
) -> None:
    """Serve the page until Ctrl-C, and print everyone's progress.

    Args:
        folder: the review's.
        plan: what is reviewed.
        data: its datasets.
        me: the only rater that is served; None for all of the plan, or for who is logged in.
        port: of this machine; 0 for any that is free.
        browser: whether to open the link of the only rater.

    Raises:
        UsageError: `me` is not a rater of the review, or the port is in use.
        WriteFailed: a file of grades cannot be written.
    """
    names = (check_name(me),) if me else plan.raters or (_user(),)
    with ExitStack() as stack:
        listener, number = stack.enter_context(port_of(port))
        store = RowStore(review_rows(data, rejects=plan.rejects), only=plan.ids)
        stack.callback(store.close)
        lost = len(plan.ids) - len(store)
        if lost:
            print(
                f"the data no longer contains {plural(lost, 'row')} of the review", file=sys.stderr
            )
        desks = {}
        for name in names:
            plan.rows_of(name)  # that it is a rater
            rater = Rater(rater=name)
            book = stack.enter_context(GradeBook(folder, rater, relabels=not plan.blind))
            desks[name] = Desk(plan, data, store, book)
        secrets = {name: Secret(number, name) for name in names}
        shared = Shared(desks, secrets, ", ".join(each.name for each in data))
        blind = ", blind: a row's label is hidden until you choose one" if plan.blind else ""
        print(f"{folder}: {plural(len(plan.ids), 'row')}{blind}")
        for name, desk in desks.items():
            print(
                f"{name}, {desk.done:,} of {len(desk.ids):,} done: {secrets[name].address(number)}"
            )
        try:  # from the words on: who reads them may press it before there is a server
            print("Press Ctrl-C to stop; every answer is saved immediately", flush=True)
            only = browser and len(names) == 1
            open_page(secrets[names[0]].address(number), number, browser=only)
            serve(app_for(shared, number), listener)
        except KeyboardInterrupt:
            pass  # the way to end it
        finally:
            for name, desk in desks.items():
                print(f"{name}: {desk.done:,} of {len(desk.ids):,} done{_effects(desk)}")
            if any(desk.done for desk in desks.values()):
                to_apply = f"targen review apply {shlex.quote(str(folder))}"
                print(f"to write the new version: {to_apply}", file=sys.stderr)


def _effects(desk: Desk) -> str:
    """Return what `apply` would do with a rater's grades, or "" if there are too many rows."""
    if len(desk.ids) > _COUNTED or not (effects := desk.effects()):
        return ""
    said = ", ".join(f"{count:,} {effect}" for effect, count in effects.items())
    return f"; in the new version: {said}"


def _user() -> str:
    """Return who is logged in, as a rater's name."""
    try:
        return check_name(as_name(getpass.getuser())[:40])
    except (KeyError, OSError, UsageError, ImportError):
        return "me"
