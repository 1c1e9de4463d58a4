"""What the page of `targen review` costs, and whether a kill loses a grade.

python review.py                 100,000 rows; then 200 grades with 20 kills
python review.py --rows 10000 --kills 5

From a key to the next row in a browser, where there is one, and over HTTP; resident memory of the
server; bytes of the page with its style and script. For kills the server gets SIGKILL at a random
moment around a grade: each grade that was answered must be on disk, and every line must be whole.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlencode, urlsplit

MAX_MS, MAX_MB, MAX_KB = 50, 80, 100
WARM, GRADES = 20, 200
TASK = """description: Short reviews of restaurants.
labels: {positive: the guest would come back, negative: the guest would not come back}
fields: {text: {description: the review, words: [3, 90]}}
contexts: [lunch, dinner]
"""
KEY = """async () => {
  const before = document.querySelector('h1').textContent;
  const start = performance.now();
  document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'a', bubbles: true}));
  while (document.querySelector('h1').textContent === before)
    await new Promise((done) => { const c = new MessageChannel();
                                  c.port1.onmessage = done; c.port2.postMessage(0); });
  return performance.now() - start;
}"""


class Server:
    def __init__(self, rows: Path, task: Path) -> None:
        start = time.perf_counter()
        line = ["review", str(rows), "--task", str(task), "--as", "ann", "--no-open"]
        line += ["--rubric", "paper"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "targen_core.cli", *line], stdout=subprocess.PIPE, text=True
        )
        self.enter()
        self.page = self.ask(self.place)[2]
        self.secret = re.search(r'name="secret" value="(\w+)"', self.page)[1]
        self.seconds = time.perf_counter() - start

    def enter(self) -> None:
        """Open the link that the command prints."""
        self.link = ""
        for said in self.process.stdout:
            if found := re.search(r"http://\S+", said):
                self.link = found[0]
                break
        parts = urlsplit(self.link)
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port)
        status, self.cookie, page = self.ask(f"{parts.path}?{parts.query}", cookie="")
        assert status == 200, status
        self.place = re.search(r"url=(\S+?)\"", page)[1]

    def ask(self, path, form=None, cookie=None):
        headers = {"X-Page": "1"} if form is not None else {}
        if cookie is None:
            headers["Cookie"] = self.cookie
        body = None if form is None else urlencode(form)
        self.connection.request("GET" if form is None else "POST", path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        if answer.getheader("X-Location"):
            self.place = answer.getheader("X-Location")
        return answer.status, (answer.getheader("Set-Cookie") or "").split(";")[0], text

    def grade(self, letter: str) -> str:
        place = self.place
        status, _, _ = self.ask(place, {"secret": self.secret, "do:grade": letter})
        assert status == 200, status
        return place

    def megabytes(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def end(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def write(folder: Path, rows: int) -> tuple[Path, Path]:
    task = folder / "reviews.yaml"
    task.write_text(TASK)
    data = folder / f"rows-{rows}.jsonl"
    rng = random.Random(0)
    words = [f"word{at}" for at in range(2000)]
    with open(data, "w") as file:
        for at in range(rows):
            text = " ".join(rng.choices(words, k=40)) + "."
            label = "negative" if at % 2 else "positive"
            file.write(json.dumps({"text": text, "label": label, "idx": at}) + "\n")
    return data, task


def in_browser(link: str) -> list[float]:
    found = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        found = None
    if found is None:
        return []
    flags = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=flags)
        page = browser.new_page()
        page.goto(link)
        page.wait_for_url("**/row/*")
        times = [page.evaluate(KEY) for _ in range(WARM + GRADES)][WARM:]
        browser.close()
    return times


def speed(folder: Path, rows: int) -> bool:
    server = Server(*write(folder, rows))
    print(f"{rows:,} rows: {server.seconds:.1f} s from the command to the first row")
    times = []
    for at in range(WARM + GRADES):
        start = time.perf_counter()
        server.grade("ABCD"[at % 4])
        times.append(1000 * (time.perf_counter() - start))
    over_http = times[WARM:]
    floors = []
    for _ in range(GRADES):
        start = time.perf_counter()
        server.ask("/static/icon.svg")
        floors.append(1000 * (time.perf_counter() - start))
    good = show("next row over HTTP", over_http)
    show("an icon over HTTP, the floor", floors)
    keys = in_browser(server.link)
    good &= show("next row after a key, in a browser", keys) if keys else True
    server.connection.close()  # which the server did while the browser was there
    used = server.megabytes()
    weight = sum(
        len(server.ask(path)[2].encode())
        for path in (server.place, "/static/style.css", "/static/page.js", "/static/icon.svg")
    )
    print(f"memory of the server: {used:.0f} MB (target {MAX_MB})")
    print(f"page, style, script and icon: {weight / 1000:.1f} kB (target {MAX_KB})")
    server.end()
    return good and used <= MAX_MB and weight <= 1000 * MAX_KB


def show(what: str, times: list[float], most: float = MAX_MS) -> bool:
    ordered = sorted(times)
    median, late = statistics.median(ordered), ordered[int(0.95 * len(ordered))]
    print(f"{what}: median {median:.1f} ms, 95% {late:.1f} ms, longest {ordered[-1]:.1f} ms")
    return median <= most


def kills(folder: Path, count: int) -> bool:
    data, task = write(folder, 2 * GRADES)
    rng = random.Random(1)
    fatal = set(rng.sample(range(1, GRADES), count))
    answered: dict[str, str] = {}
    server = Server(data, task)
    for at in range(GRADES):
        letter = rng.choice("ABCD")
        killer = threading.Timer(rng.uniform(0, 0.02), server.end) if at in fatal else None
        if killer is not None:
            killer.start()
        with contextlib.suppress(OSError, http.client.HTTPException, AssertionError):
            place = server.grade(letter)
            answered[str(int(place.rpartition("/")[2]) - 1)] = letter
        if killer is not None:
            killer.join()
            server = Server(data, task)
    server.end()
    lines = (folder / f"{data.name}.review" / "grades-ann.jsonl").read_text().splitlines()
    there = {state["row"]: state["after"] for state in map(json.loads, lines[1:])}
    lost = [row for row, letter in answered.items() if there.get(row) != letter]
    print(
        f"{GRADES} grades, {count} kills: {len(answered)} answered, {len(there)} on disk, "
        f"{len(lost)} lost"
    )
    return not lost


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=20)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        fast = speed(Path(folder), asked.rows)
        safe = kills(Path(folder), asked.kills)
    return 0 if fast and safe else 1


if __name__ == "__main__":
    sys.exit(main())
