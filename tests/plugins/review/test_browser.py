"""The page in a real browser: keys, reloads, kills, two raters, a stranger's rows, few pixels."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.files import lines, write_lines
from tests.plugins.outputs.declared import CHAT, NER, PAIRS, QA, SHOP

pytestmark = [
    pytest.mark.whole,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

EVIL = "<img src=x onerror=\"document.title='caught'\"><script>document.title='caught'</script>"
SMALL = {"viewport": {"width": 400, "height": 800}}


class Server:
    """`targen review` or `targen view` in a process of its own."""

    def __init__(self, *args: object, command: str = "review") -> None:
        line = [sys.executable, "-m", "targen_core.cli", command, *map(str, args), "--no-open"]
        self.process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.link = ""
        for said in self.process.stdout:
            if link := re.search(r"http://\S+", said):
                self.link = link[0]
            if said.startswith("Press Ctrl-C"):
                break

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def serve():
    started: list[Server] = []

    def start(*args: object, command: str = "review") -> Server:
        started.append(Server(*args, command=command))
        return started[-1]

    yield start
    for each in started:
        each.kill()
        if each.process.stdout is not None:
            each.process.stdout.close()


@pytest.fixture
def enter(browser):
    """Open a link in a window of its own, in which a broken script fails the test."""
    windows: list[Any] = []
    broken: list[str] = []

    def open_link(link: str, **how: Any) -> Any:
        window = browser.new_context(**how)
        windows.append(window)
        page = window.new_page()
        page.on("pageerror", lambda error: broken.append(str(error)))
        page.goto(link)
        page.wait_for_url(re.compile(r"/(row/\d+|done|rows)$"))
        return page

    yield open_link
    for window in windows:
        window.close()
    assert broken == []


@pytest.fixture
def fits():
    """Check that a page is as wide as its window, and accessible in both color schemes."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"

    def check(page: Any) -> None:
        assert not page.evaluate(wide), page.url
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found = axe.run(page)
            report = found.generate_report() if found.violations_count else ""
            assert found.violations_count == 0, f"{page.url}, {scheme}: {report}"

    return check


def press(page: Any, key: str, then: str) -> None:
    """Press a key, and wait until the page says that."""
    page.keyboard.press(key)
    page.locator("#said", has_text=then).wait_for()


def states(folder: Path, rater: str) -> dict[str, dict[str, Any]]:
    return {state["row"]: state for state in lines(folder / f"grades-{rater}.jsonl")[1:]}


def test_rows_by_keys_with_a_reload_and_a_kill(rows_file, task_file, serve, enter, tmp_path):
    line = (rows_file(8), "--task", task_file, "--raters", "ann,bob", "--rubric", "paper", "--as")
    server = serve(*line, "ann")
    page, bob = enter(server.link), enter(serve(*line, "bob").link)
    press(page, "d", ": saved as D")
    press(page, "2", "saved with label negative")
    page.reload()
    assert page.locator("button[aria-pressed=true]").inner_text().endswith("negative")
    press(page, "a", ": saved as A")
    press(bob, "c", ": saved as C")
    page.keyboard.press("Enter")
    page.wait_for_url("**/row/3")
    press(page, "b", ": saved as B")
    server.kill()
    page.keyboard.press("a")
    page.wait_for_selector("#trouble:not([hidden])")
    assert "not saved" in page.inner_text("#trouble")

    page = enter(serve(*line, "ann").link)
    assert page.url.endswith("/row/4")
    press(page, "b", ": saved as B")
    press(page, "u", ": the last answer was undone.")
    assert page.url.endswith("/row/4")
    press(page, "d", ": saved as D")
    assert "4 of 8" in page.inner_text(".progress")

    folder = tmp_path / "rows.jsonl.review"
    mine = [(state["after"], state["label"]) for state in states(folder, "ann").values()]
    assert mine == [("D", None), ("A", "negative"), ("B", None), ("D", None)]
    assert [state["after"] for state in states(folder, "bob").values()] == ["C"]


def test_a_blind_page_says_what_comes_first_and_reasons_have_keys(
    rows_file, task_file, serve, enter, fits, tmp_path
):
    rubric = tmp_path / "mine.yaml"
    reasons = "reasons:\n- {key: n, name: near copy}\n- {key: k, name: needs knowledge}\n"
    rubric.write_text(f"name: mine\n{reasons}")
    line = (rows_file(), "--task", task_file, "--as", "ann", "--blind", "--rubric", rubric)
    page = enter(serve(*line).link, **SMALL)
    for key in "ado":
        press(page, key, "Choose a label first: this review is blind.")
    reason = page.get_by_role("button", name="near copy")
    assert reason.get_attribute("aria-pressed") == "false"
    press(page, "n", "1 of 6: saved")
    assert reason.get_attribute("aria-pressed") == "true"
    press(page, "k", "1 of 6: saved")
    press(page, "n", "1 of 6: saved")
    fits(page)
    press(page, "1", "saved with label positive")
    press(page, "b", ": saved as B")
    page.keyboard.press("Shift+N")
    page.wait_for_url("**/row/3")
    (state,) = states(tmp_path / "rows.jsonl.review", "ann").values()
    said = [state[name] for name in ("reasons", "label", "after")]
    assert said == [["needs knowledge"], "positive", "B"]


def test_a_stranger_s_rows_on_a_small_screen(rows_file, task_file, serve, enter, fits, tmp_path):
    data = rows_file(10_000, EVIL, f"\u202eback {'long' * 200}")
    line = (data, "--task", task_file, "--as", "ann", "--rubric", "paper")
    page = enter(serve(*line).link, **SMALL)
    assert "<script>" in page.inner_text(".text")
    press(page, "a", "Row 0: saved as A")
    assert "\\u202eback" in page.inner_text(".text")
    for path in ("row/2", "row/2?edit", "list", "done", "row/10000"):
        page.goto(re.sub(r"(?<=\d)/.*", f"/{path}", page.url))
        fits(page)
    press(page, "b", "Row 9999: saved as B")
    assert page.url.endswith("/row/2"), "the first that is open"
    assert page.title() == "rows"
    assert (tmp_path / "rows.jsonl.review" / "grades-ann.jsonl").stat().st_size < 1000


def test_spans_by_keys_and_by_mouse_are_counted_as_in_python(serve, enter, fits, tmp_path):
    task = tmp_path / "posts.yaml"
    task.write_text(json.dumps(NER))
    text = f"👍🏽 Ann met\r\nBob {EVIL} in Rome\u202e."
    ann = {"start": text.index("Ann"), "end": text.index("Ann") + 3, "type": "person"}
    rows = [{"text": text, "spans": [{**ann, "text": "Ann"}]}]
    rows.append({"text": "New York 🗽 is big.", "spans": []})
    data = write_lines(tmp_path / "rows.jsonl", rows)
    page = enter(serve(data, "--task", task, "--as", "ann").link, **SMALL)
    fits(page)

    page.keyboard.press("t")
    page.keyboard.press("ArrowDown")
    press(page, "2", "Ann: place")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    press(page, "1", "Bob: person")
    page.keyboard.press("n")
    page.locator("#trouble", has_text="Save your changes").wait_for()
    press(page, "s", "Row 0: saved as wrong; the row changes its output.")

    page.locator("h1", has_text="Row 1").wait_for()
    corner = """() => {
      const range = document.createRange();
      range.setStart(document.querySelector(".box").firstChild.firstChild, 0);
      range.setEnd(document.querySelector(".box").firstChild.firstChild, 8);
      const { left, right, top, height } = range.getBoundingClientRect();
      return [left + 1, right - 1, top + height / 2];
    }"""
    left, right, middle = page.evaluate(corner)
    page.mouse.move(left, middle)
    page.mouse.down()
    page.mouse.move(right, middle, steps=4)
    page.mouse.up()
    page.locator("[data-type=place]").click()
    page.locator("#said", has_text="New York: place").wait_for()
    press(page, "2", "New York: removed")
    press(page, "1", "New York: person")
    press(page, "s", "Row 1: saved as wrong")
    assert page.title() == "rows"
    saved = states(tmp_path / "rows.jsonl.review", "ann")
    spans = [(row, span) for row, each in zip(rows, saved.values(), strict=True)
             for span in each["output"]["spans"]]  # fmt: skip
    marked = [("Ann", "place"), ("Bob", "person"), ("New York", "person")]
    assert [(span["text"], span["type"]) for _, span in spans] == marked
    assert all(row["text"][span["start"] : span["end"]] == span["text"] for row, span in spans)


def test_labels_scores_answers_and_replies_are_given_by_keys_alone(serve, enter, fits, tmp_path):
    asked = {"passage": "Ann, 1950", "question": "Who?", "kind": "when", "answers": ["1950"]}
    replies = {"chosen": "Six minutes.", "rejected": "It depends on you."}
    turned = {"chosen": replies["rejected"], "rejected": replies["chosen"]}
    chat = {"prompt": "Egg?", **replies, "criterion": "concise", "margin": "clearly"}
    keys = ["2", "t", "Control+a", "Shift+A", "n", "n", "Control+Enter"]
    for name, task, row, pressed, said in (
        ("labels", SHOP, {"text": "Late!", "labels": []}, ["2", "s"], {"labels": ["delay"]}),
        ("score", PAIRS, {"one": "A", "other": "B", "score": 3.3}, ["5", "s"], {"score": 5.0}),
        ("answer", QA, asked, keys, {"kind": "who", "answers": ["Ann"]}),
        ("preference", CHAT, chat, ["", "s"], turned),
    ):
        file = tmp_path / f"{name}.yaml"
        file.write_text(json.dumps(task))
        data = write_lines(tmp_path / f"{name}.jsonl", [row])
        page = enter(serve(data, "--task", file, "--as", "ann").link, **SMALL)
        fits(page)
        for key in pressed:  # the reply that was not chosen may stand on either side
            other = "It depends" in page.locator(".choice").first.inner_text() if not key else ""
            page.keyboard.press(key or ("1" if other else "2"))
        page.locator("#said", has_text="Row 0: saved as wrong").wait_for()
        (state,) = states(tmp_path / f"{name}.jsonl.review", "ann").values()
        assert {key: state["output"][key] for key in said} == said
