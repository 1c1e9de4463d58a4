"""The commands `targen review`, `targen view`, and those below `targen review`."""

from __future__ import annotations

import getpass
import shlex
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from targen_core.cli.options.arguments import JsonArg
from targen_core.cli.sources import EncodingArg, WhoseArg
from targen_core.cli.tables import print_files, print_json, print_table
from targen_core.errors import UsageError
from targen_core.text import plural, printable

if TYPE_CHECKING:
    from targen_review.apply import Judged, Version
    from targen_review.forms import Sheet
    from targen_review.grades import Grade
    from targen_review.page.session import Session
    from targen_review.plan import Plan
    from targen_review.rows import ReviewData
    from targen_review.rubric import Rubric

_SHOWN = 10  # rows on which people disagree
_WIDEST = 60
_MAX_LABELS = 12  # that are shown one by one

_DATA_HELP = "A run directory, a file, a folder saved by `export --as hf`, or hf:OWNER/NAME."
DataArg = Annotated[str, typer.Argument(help=_DATA_HELP, show_default=False)]
FolderArg = Annotated[
    Path,
    typer.Argument(help="The review's folder, or its data.", show_default=False),
]
PortArg = Annotated[
    int,
    typer.Option("--port", min=0, max=65535, help="The port. [default: any free port]"),
]
NoOpenArg = Annotated[
    bool, typer.Option("--no-open", help="Print the link without opening a browser.")
]


def review(
    data: DataArg,
    sample: Annotated[
        str | None,
        typer.Option(
            "--sample",
            metavar="RULE",
            help="Rows to review: paper, 0.2 (a share), 200 (rows) or all. [default: all]",
        ),
    ] = None,
    raters: Annotated[
        str | None,
        typer.Option("--raters", metavar="A,B", help="The people who grade. [default: anyone]"),
    ] = None,
    teams: Annotated[
        str | None,
        typer.Option("--teams", metavar="A+B,C+D", help="Teams whose members grade the same rows."),
    ] = None,
    rubric: Annotated[
        str | None,
        typer.Option(
            "--rubric",
            metavar="NAME",
            help="The questions: labels (right, wrong label, bad text), outputs (right, wrong, bad "
            "text), paper (A to D), or your own YAML file. By default, the task decides: tasks "
            "with a closed label set use labels, tasks with an output use outputs, and others use "
            "paper.",
        ),
    ] = None,
    blind: Annotated[
        bool, typer.Option("--blind", help="Hide labels until the rater has chosen one.")
    ] = False,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Random seed for choosing rows. [default: 0]")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="The review's folder. [default: DATA.review]")
    ] = None,
    me: Annotated[
        str | None,
        typer.Option("--as", metavar="NAME", help="Your name as a rater. [default: your login]"),
    ] = None,
    port: PortArg = 0,
    no_open: NoOpenArg = False,
    plan_only: Annotated[
        bool, typer.Option("--plan", help="Write and print who reviews what, then stop.")
    ] = False,
    task: WhoseArg = None,
    encoding: EncodingArg = "utf-8",
    json: Annotated[
        bool, typer.Option("--json", help="Same as --plan, but print JSON for programs.")
    ] = False,
) -> None:
    """Review rows in the browser: right, wrong label or bad text, one key per verdict.

    A correct row is kept. "Wrong label" asks for the right label with one more key: the row gets
    that label, or is removed if you give none. A bad text is removed. The page shows these effects
    before targen review apply makes them. Tasks without a closed set of labels get the paper's
    grades A to D.

    Prints a secret link to the page of one rater. Only this machine can open it. Answers are saved
    before the next row appears, in a folder next to the data. Run the same command again to
    continue.

    Examples:
    - targen review runs/rte-0
    - targen review runs/rte-0 --sample paper --raters ann,bob --blind --plan
    - targen review runs/rte-0 --as ann
    - targen review runs/rte-0 --rubric paper
    - targen review data.jsonl --task rte --rubric mine.yaml
    """
    from targen_review.grades import check_name
    from targen_review.planning import planned

    name = check_name(me or _user())
    folder, plan, opened = planned(
        data,
        sample=sample,
        raters=raters,
        teams=teams,
        rubric=rubric,
        blind=blind,
        seed=seed,
        out=out,
        task=task,
        encoding=encoding,
    )
    if me is not None:
        plan.rows_of(me)
    if json:
        print_json({"folder": str(folder), **plan.model_dump(mode="json")})
        return
    print(f"{folder}: {len(plan.ids):,} of {plural(plan.data.rows, 'row')}")
    if plan_only:
        rows = [[rater or "anyone", f"{len(ids):,}"] for rater, ids in plan.rows.items()]
        print_table(["rater", "rows"], rows)
        return
    _grade_on_a_page(folder, plan, opened, name, port, browser=not no_open)


def _grade_on_a_page(
    folder: Path, plan: Plan, data: ReviewData, name: str, port: int, *, browser: bool
) -> None:
    """Serve the page of one rater until Ctrl-C, and print their progress."""
    from targen_review.grades import GradeBook, Rater
    from targen_review.page.server import review_app
    from targen_review.page.serving import Secret, listening, serve
    from targen_review.page.session import Session

    plan.rows_of(name)  # checks that it is a rater
    with listening(port) as (listener, number), GradeBook(folder, Rater(rater=name)) as book:
        session = Session(plan, data, book)
        if session.lost:
            print(
                f"the data no longer contains {plural(session.lost, 'row')} of the review",
                file=sys.stderr,
            )
        secret = Secret(number)
        print(f"{name}, {session.done:,} of {len(session.ids):,} done: {secret.address}")
        with suppress(KeyboardInterrupt):  # the way to end it, from the next words on
            print("Press Ctrl-C to stop; every answer is saved immediately", flush=True)
            serve(review_app(session, secret, number), listener, secret, browser=browser)
        print(f"{name}: {session.done:,} of {len(session.ids):,} done{_effects(session)}")
        if session.done:
            to_apply = f"targen review apply {shlex.quote(str(folder))}"
            print(f"to write the new version: {to_apply}", file=sys.stderr)


def _effects(session: Session) -> str:
    effects = ", ".join(f"{count:,} {effect}" for effect, count in session.effects().items())
    return f"; in the new version: {effects}" if effects else ""


def _user() -> str:
    """Return who is logged in, as a rater's name."""
    from targen_review.grades import as_name

    try:
        return as_name(getpass.getuser()) or "me"
    except (KeyError, OSError, ImportError):
        return "me"


def view(
    data: Annotated[list[str], typer.Argument(help=_DATA_HELP, show_default=False)],
    port: PortArg = 0,
    no_open: NoOpenArg = False,
    task: WhoseArg = None,
    encoding: EncodingArg = "utf-8",
) -> None:
    """Browse rows and rejects in the browser: filter, sort, see where each came from.

    Filters by label, reason, dimension and text, and sorts by length. Shows each row with its
    context, seed, calls and the judge's explanation.

    Examples:
    - targen view runs/rte-0
    - targen view RTE/train.jsonl runs/rte-0
    - targen view data.jsonl --task rte
    """
    from targen_review.page.serving import Secret, listening, serve
    from targen_review.rows import open_data
    from targen_review.view import entries_of, view_app

    opened = [open_data(path, task, encoding=encoding) for path in data]
    for at, each in enumerate(opened):
        if each.problem:
            print(f"{each.path}: {each.problem}", file=sys.stderr)
        if [other.name for other in opened].count(each.name) > 1:
            opened[at] = replace(each, name=str(data[at]))
    with listening(port) as (listener, number):
        entries = entries_of(opened)
        secret = Secret(number)
        rejects = sum(not entry.row.official for entry in entries)
        also = f" and {plural(rejects, 'reject')}" if rejects else ""
        print(f"{plural(len(entries) - rejects, 'row')}{also}: {secret.address}")
        with suppress(KeyboardInterrupt):  # the way to end it, from the next words on
            print("Press Ctrl-C to stop", flush=True)
            serve(view_app(entries, secret, number), listener, secret, browser=not no_open)


def apply(
    folder: FolderArg,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="The output directory. [default: NAME-reviewed next to the data, or "
            "NAME-reviewed-2]",
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print only the path of the dataset.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Write a new version of a dataset with the reviewers' verdicts applied.

    Right rows are kept. Rows with a wrong label get the label that people gave, or are removed if
    people gave none. Bad texts are removed, and so are rows with the worst grade of a different
    rubric. Labels and texts change only if the task's own checks accept them. If raters disagree,
    the row is kept unchanged and listed. The version is a directory with dataset.jsonl,
    changes.jsonl (who changed what, when, and the previous value) and report.json. The data itself
    does not change. Grades by models do not count.

    If a label lost rows, the command prints what to type for as many new ones.

    Examples:
    - targen review apply runs/rte-0
    - targen review apply rows.jsonl.review --out runs/mine
    """
    from targen_review.apply import new_version

    version = new_version(folder, out)
    path = version.write()
    for name in version.strangers:
        print(
            f"note: {name} is not a rater in this review, so their grades do not count",
            file=sys.stderr,
        )
    for name, count in version.report["stale"].items():
        print(
            f"note: left out {plural(count, 'grade')} by {name}, because their rows have changed "
            "since",
            file=sys.stderr,
        )
    if json:
        print_json({"path": str(path), **version.report, "effects": version.effects})
        return
    if not quiet:
        _print_version(version)
    print(path / "dataset.jsonl")


def _print_version(version: Version) -> None:
    from targen_review.verdicts import EFFECT_WORDS, EFFECTS

    report = version.report
    seen = f"{report['seen']:,} of {plural(report['instances'], 'row')}"
    print(f"{report['of']}: {seen} reviewed by {', '.join(report['raters'])}\n")
    rows = [
        (name, f"{count:,}", EFFECT_WORDS[EFFECTS.get(name, "stays")])
        for name, count in report["outcomes"].items()
        if count
    ]
    print_table(["result", "rows", "in the new version"], rows)
    if 0 < len(report["requested"]) <= _MAX_LABELS:
        print()
        counts = report["requested"].items()
        labels = [(name, f"{n:,}", f"{report['rows'][name]:,}") for name, n in counts]
        print_table(["label", "before", "after"], labels)
    if version.open:
        print(f"\n{plural(len(version.open), 'row')} left unchanged:")
        print_table(
            ["row", "why", "text"], [_unchanged(each, version.rubric) for each in version.open]
        )
    if version.missing:
        print(f"\nTo get the same number of rows per label as before: {_more_rows(version)}")
    print()


def _unchanged(judged: Judged, rubric: Rubric) -> tuple[str, str, str]:
    """Return a row that stays as it is, why, and its text: "ann: reject; bob: keep it"."""
    from targen_review.verdicts import effect_of

    row, parts = judged.row, []
    for name in judged.verdict.by:
        effect = effect_of(row, judged.verdict.grades[name], rubric)
        words = {"leaves": "remove it", "stays": "keep it"}
        parts.append(f"{name}: {printable(words.get(effect, effect), lines=False)}")
    text = printable(" / ".join(row.fields.values()), lines=False, max_length=_WIDEST)
    return (
        str(row.id if row.number is None else row.number),
        judged.refused or "; ".join(parts),
        text,
    )


def _more_rows(version: Version) -> str:
    """Return what to type for the rows that are missing."""
    path, run = shlex.quote(version.data.path), version.source.source.run
    if run is not None:
        there: Counter[str] = Counter()
        for each in version.rows:
            there[each.row.label or ""] += len(each.row.official)
        wanted = {name: there[name] + count for name, count in version.missing.items()}
        return f"targen resume {path} {_labels(wanted)}, then repeat this command"
    task, here = version.data.task, f"{Path.cwd()}/"
    task = f"./{task.removeprefix(here)}" if task.startswith(here) else task
    missing = _labels(version.missing)
    return f"targen generate {shlex.quote(task)} {missing} --exclude {path}"


def _labels(counts: dict[str, int]) -> str:
    return " ".join(f"--label {shlex.quote(f'{name}={count}')}" for name, count in counts.items())


def report(
    folders: Annotated[
        list[Path],
        typer.Argument(
            metavar="FOLDER", help="Folders of reviews, or their data.", show_default=False
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Write the report as a page (.html) or as Markdown (.md)."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    paper: Annotated[
        bool, typer.Option("--paper", help="Show the paper's Table 16 next to the grades.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Report a review: grades, agreement, confirmed labels, rows to discuss.

    Shows grades by dataset, before and after correction. Agreement is Cohen's κ and Spearman's r
    for each pair of raters who graded the same rows, and Krippendorff's α for all. Models are shown
    separately.

    Examples:
    - targen review report runs/rte-0.review
    - targen review report runs/*.review --paper --out review.html
    """
    from targen_core.outputs import write_file
    from targen_review.figures import figures_of, read_reviews
    from targen_review.plan import review_of
    from targen_review.report import DIFFER, TITLE, as_json, cut, findings_of, shown
    from targen_standard.findings import findings_as_html, findings_as_markdown

    if out is not None and out.suffix not in (".html", ".md"):
        raise UsageError(f"--out {out}: the name must end in .html or .md")
    if out is not None and out.exists() and not force:
        raise UsageError(f"{out} already exists", hint="choose a different --out, or pass --force")
    material = read_reviews(list(map(review_of, folders)))
    if not material.given:
        why = "; ".join(material.warnings)
        raise UsageError(
            "no rows have been graded so far" + (f" ({why})" if why else ""),
            hint="targen review DATA opens a page for grading rows",
        )
    figures = figures_of(material)
    findings = findings_of(figures, paper=paper)
    if out is not None and out.suffix == ".md":
        write_file(out, findings_as_markdown(TITLE, findings, shown))
    elif out is not None:
        write_file(out, findings_as_html(TITLE, findings, shown, generator="targen-review"))
    if json:
        print_json(as_json(figures))
        return
    for line in findings.headlines:
        print(f"* {line}")
    for line in findings.warnings:
        print(f"warning: {line}")
    for table in findings.tables:
        print(f"\n{table.title}")
        rows = table.rows[:_SHOWN] if table.title == DIFFER else table.rows
        print_table(table.columns, [[cut(shown(cell), _WIDEST) for cell in row] for row in rows])
        if len(rows) < len(table.rows):
            more = plural(len(table.rows) - len(rows), "row")
            print(f"({more} more; --out FILE.html and --json include them)")
        if table.note:
            print(table.note)
    if out is not None:
        print(f"\n{out}")


def export(
    folder: FolderArg,
    to: Annotated[
        Literal["argilla", "label-studio"],
        typer.Option("--to", help="The tool.", show_default=False),
    ],
    out: Annotated[Path, typer.Option("--out", help="A new or empty folder.", show_default=False)],
    rater: Annotated[
        str | None,
        typer.Option("--as", metavar="RATER", help="Export only this rater's rows."),
    ] = None,
    json: JsonArg = False,
) -> None:
    """Export the rows of a review to Argilla or Label Studio.

    The tool shows people the task's instructions, the rubric and the texts of each row. It also
    shows the label as a suggestion, except in a blind review. Import the answers with `targen
    review import`.

    Examples:
    - targen review export runs/rte-0 --to argilla --out for-argilla
    - targen review export runs/rte-0 --to label-studio --as ann --out for-ann
    """
    from targen_review.forms import sheet_of, write_argilla, write_label_studio
    from targen_review.plan import load_plan, review_of

    folder = review_of(folder)
    plan = load_plan(folder)
    sheet = sheet_of(plan, folder, rater)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(
            f"{out} already exists, but is not an empty folder", hint="choose a different --out"
        )
    if to == "argilla":
        per_row = max(Counter(chain.from_iterable(plan.rows.values())).values(), default=1)
        files = write_argilla(sheet, out, per_row=1 if rater else per_row)
        then = f"import argilla as rg; rg.Dataset.from_disk({str(out)!r})"
    else:
        files = write_label_studio(sheet, out)
        then = (
            f"in Label Studio: paste {out}/labeling.xml under Labeling Interface, and import "
            f"{out}/tasks.json"
        )
    if json:
        print_files(*files, rows=len(sheet.items))
        return
    print(f"{plural(len(sheet.items), 'row')} of {sheet.name} for {to}\n")
    print_table(["file", "bytes"], [(path, f"{path.stat().st_size:,}") for path in files])
    print(f"\n{then}")
    print(f"then: targen review import {shlex.quote(str(folder))} FILE")


def import_(
    folder: FolderArg,
    file: Annotated[
        Path,
        typer.Argument(
            help="A JSON export from Label Studio; a folder from Argilla's to_disk, or "
            "a file from its records.to_json.",
            show_default=False,
        ),
    ],
    rater: Annotated[
        list[str] | None,
        typer.Option(
            "--rater",
            metavar="THEIRS=NAME",
            help="Rename a person, identified by number, email address or id. [default: "
            "the address up to @, labelstudio-NUMBER or argilla-ID]",
        ),
    ] = None,
    json: JsonArg = False,
) -> None:
    """Import grades from Argilla or Label Studio into a review.

    The answers become the grades of their raters, as if given on the page. targen checks everything
    first: if one record is wrong, it rejects the whole file. Importing the same file again does not
    add anything. Grades that somebody gave later are kept.

    Examples:
    - targen review import runs/rte-0 project-1-at-2026-11-20.json
    - targen review import runs/rte-0 back-from-argilla --rater 1f0c7c0e-...=ann
    """
    from targen_review.forms import read_answers, sheet_of, take
    from targen_review.plan import load_plan, review_of

    folder = review_of(folder)
    plan = load_plan(folder)
    sheet = sheet_of(plan, folder)
    grades = read_answers(file, sheet, _names(rater or []))
    for name in grades:
        if plan.raters and name not in plan.raters:
            raise UsageError(
                f"{name} is not a rater in this review (raters: {', '.join(plan.raters)})",
                hint=f"--rater 'THEIRS={plan.raters[0]}' assigns the grades to a rater",
            )
    if stale := _count_stale(sheet, grades):
        print(
            f"note: left out {plural(stale, 'grade')} for rows that have changed since the export",
            file=sys.stderr,
        )
    if json:
        print_json({"grades": dict(take(folder, grades))})
        return
    if not grades:
        print(f"{file} does not contain any answers yet")
        return
    rows = [(name, n["new"], n["known"], n["older"]) for name, n in take(folder, grades)]
    print_table(["rater", "imported", "already known", "outdated"], rows)


def _count_stale(sheet: Sheet, grades: dict[str, list[Grade]]) -> int:
    digests = {item.row: item.digest for item in sheet.items}
    return sum(each.digest != digests[each.row] for of in grades.values() for each in of)


def _names(pairs: list[str]) -> dict[str, str]:
    from targen_review.grades import check_name

    names = {}
    for pair in pairs:
        theirs, _, ours = pair.rpartition("=")
        if not theirs:
            raise UsageError(
                f"--rater {pair} does not have the form THEIRS=NAME, where THEIRS is the rater's "
                "id in the file",
                hint="--rater 1=ann",
            )
        names[theirs] = check_name(ours)
    return names
