"""Every page that the product writes: its policy, strangers' texts in it, and a browser's view."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from targen_core.cli import main

from ..files import write_lines

pytestmark = [
    pytest.mark.whole,  # analysis, methods, review and training are plugins of their own
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

EVIL = "</script></style><script>document.title='caught'</script><img src=x onerror=alert(1)>"
LABELS = ["<b onclick=alert(1)>good</b>", 'x" onmouseover="alert(1)']
TASK = {
    "description": f"Short reviews {EVIL}.",
    "labels": dict.fromkeys(LABELS, f"a meaning {EVIL}"),
    "fields": {"text": {"description": "the review", "form": "any"}},
    "contexts": ["lunch", "dinner"],
}
MARKS = ".plot svg .mark-rect path, .plot svg .mark-symbol path"
LISTEN = """
window.refused = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.refused.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="module")
def pages(folder):
    """One page of each kind, with texts of a stranger wherever files have texts."""
    from targen_review.grades import Grade, GradeBook, Rater
    from targen_review.planning import planned

    def targen(*line: object) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["targen", *map(str, line)])
            patch.setenv("TARGEN_CACHE_DIR", str(folder / "cache"))
            with pytest.raises(SystemExit) as ended:
                main()
        assert not ended.value.code

    def rows(name: str, count: int) -> Path:
        draw = random.Random(name)
        made = []
        for at in range(count):
            words = ["".join(draw.choices("abdegilmnorst", k=6)) for _ in range(12)]
            words[3:3] = [f"{EVIL} {LABELS[at]}"] if at < 2 else []
            made.append({"text": " ".join(words), "label": LABELS[at % 2]})
        return write_lines(folder / f"{name}.jsonl", made)

    task = folder / "evil.yaml"
    task.write_text(json.dumps(TASK))
    run, mine, other, test = folder / "run", rows("mine", 12), rows("other", 12), rows("test", 20)
    targen("generate", task, "-n", 8, "-b", "scripted", "--out", run, "-q")
    targen("report", run, "--html")
    targen("analyze", mine, "--task", task, "--against", other, "--out", folder / "analysis")
    review, plan, data = planned(str(mine), task=str(task), rubric="paper")
    graded = {row.id: row for row in data.rows()}
    with GradeBook(review, Rater(rater="ann")) as book:
        for name in plan.ids:
            digest = graded[name].digest
            book.append(Grade(row=name, digest=digest, after="D", label=LABELS[0], comment=EVIL))
    targen("review", "report", review, "--out", folder / "review.html")
    compared = ("--test", test, "--task", task, "--repeats", 2, "--out", folder / "compared")
    targen("compare", f"Og={mine}", f"Syn={other}", *compared)
    asked = ("--methods", "targen,attrprompt", "-b", "scripted", "-n", 8)
    targen("compare-methods", task, *asked, "--out", folder / "methods")
    return {kind: folder / page for kind, page in PAGES.items()}


PAGES = {
    "report": "run/report.html",
    "analysis": "analysis/report.html",
    "review": "review.html",
    "experiment": "compared/results.html",
    "methods": "methods/results.html",
}
KINDS = tuple(PAGES)


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_has_a_policy_that_admits_its_own_style_and_script_alone(kind, pages):
    page = pages[kind].read_text(encoding="utf-8")
    head, _, body = page.partition("<body>")
    meta = r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">'
    (policy,) = re.findall(meta, head)
    for words in ("default-src 'none'", "base-uri 'none'", "form-action 'none'"):
        assert words in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    own = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    own += re.findall(r'<script type="module">(.*?)</script>', page, re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in own]
    assert re.findall(r"'sha256-([^']*)'", policy) in (hashes, hashes[::-1])
    assert "<script>document" not in page
    assert "<img" not in body.partition('<script type="module">')[0]


@pytest.fixture
def opened(browser):
    """Open a file, and note what its policy refuses, what it asks for, and what breaks."""
    context = browser.new_context()

    def open_file(path: Path) -> Any:
        page = context.new_page()
        page.asked, page.broken, page.warned = [], [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("pageerror", lambda error: page.broken.append(str(error)))
        page.on("console", lambda line: page.warned.append(line.text))
        page.on("dialog", lambda dialog: page.broken.append(dialog.message))
        page.add_init_script(LISTEN)
        page.goto(path.as_uri())
        return page

    yield open_file
    context.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_browser_shows_a_page_and_its_policy_has_to_refuse_nothing(kind, pages, opened):
    page = opened(pages[kind])
    if kind == "analysis":
        page.wait_for_selector(MARKS)
        assert page.locator(".plot").count() == page.locator(".plot svg.marks").count() > 3
        drawn = page.evaluate("document.documentElement.dataset.drawn")
        page.click("#shade")
        page.wait_for_function("was => document.documentElement.dataset.drawn !== was", arg=drawn)
        page.wait_for_selector(MARKS)
        page.locator(".plot svg .mark-rect path").first.hover()
        page.wait_for_selector("#vg-tooltip-element.visible")
        assert page.locator(".plot").filter(has_text="cannot be drawn").count() == 0
        saves = page.locator(".vega-actions").first
        assert not saves.is_visible(), "the links to save a picture do not cover it"
        page.get_by_label("Save this picture").first.press("Enter")
        assert saves.is_visible()
    if kind == "report":
        widths = page.locator("td.bar rect").evaluate_all(
            "found => found.map((each) => each.getBoundingClientRect().width)"
        )
        assert max(widths) > 50
        ground = "each => getComputedStyle(each).backgroundColor"
        assert "rgba(0, 0, 0, 0)" not in page.locator("td.heat20").first.evaluate(ground)
    assert page.locator("h1").first.is_visible()
    assert page.title() != "caught"
    assert page.evaluate("window.refused") == []
    assert page.broken == page.warned == []
    assert [url for url in page.asked if not url.startswith("file:")] == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_fits_a_phone_with_letters_large_enough_to_read(kind, pages, opened):
    page = opened(pages[kind])
    page.set_viewport_size({"width": 400, "height": 900})
    if kind == "analysis":
        page.wait_for_selector(MARKS)
    assert page.evaluate("document.documentElement.scrollWidth") == 400
    assert page.get_by_role("main").count() == 1
    if kind in ("review", "experiment"):  # their rows become lines
        wide = "boxes => boxes.filter((each) => each.scrollWidth > each.clientWidth).length"
        assert page.locator(".scroll").evaluate_all(wide) == 0
    sizes = page.locator("svg text").evaluate_all(
        """found => found.filter((each) => each.getBoundingClientRect().height).map((each) => {
          const { a, b } = each.getScreenCTM(); // the letters of turned names have their size in b
          return parseFloat(getComputedStyle(each).fontSize) * Math.hypot(a, b);
        })"""
    )
    assert min(sizes, default=12) > 10
