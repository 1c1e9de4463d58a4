"""`kill -9` at random moments, then resume: is anything paid twice, are the bytes the same?

A loopback server answers each request as a function of its body, late by a
random 20 to 50 ms. One run goes to its end undisturbed. Then `--runs` runs are
each killed once (SIGKILL) at a random moment between the first request and the
end, and resumed, by `targen resume` and by the same `targen generate` in turn,
with another concurrency; and one run is killed `--kills` times in a row, in
start-up, while it repeats its journal, or later. The replies hold malformed,
cut, copied, relabelled and refused ones, so that every kind of verdict occurs.

Counted for each kill, over all processes that follow it:

- calls sent although the journal held their whole record at the kill: must be 0;
- calls in flight at the kill: sent by the process that was killed, and not in
  the journal; those of them that the server had answered and that were sent
  again, and the longest time from such an answer to the kill;
- dataset, provenance and rejects: the undisturbed run's bytes, or not.

Exit 1 where the first is not 0, an answered call that was sent again was
answered long (0.25 s) before its kill, or bytes differ.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from zlib import crc32

from loopback import Loopback

LONG_BEFORE = 0.25  # seconds from an answer to a kill that nothing in flight explains
FILES = ("dataset.jsonl", "provenance.jsonl", "rejects.jsonl")


def journaled(path: Path) -> set[int]:
    """Sampling seeds (31 bits of a call's key) of the whole records of a journal.

    Read here by hand, so that a fault of the journal's reader cannot hide.
    """
    found = set()
    content = path.read_bytes() if path.exists() else b""
    for line in content.split(b"\n")[:-1]:
        if int(line[:8], 16) != crc32(line[9:]):
            raise SystemExit(f"{path}: a whole line with a wrong check sum")
        record = json.loads(line[9:])
        if "key" in record:
            found.add(int(record["key"][:8], 16) >> 1)
    return found


@dataclass
class Killed:
    """What was seen of one kill and what followed it."""

    after: float  # seconds since the process began
    at: float  # by the machine's monotonic clock
    journaled: set[int]
    in_flight: int = 0
    again_journaled: int = 0
    again_answered: int = 0
    longest: float = 0.0  # seconds from answer to kill, of those sent again


@dataclass
class Story:
    """One run directory from its first process to its last."""

    name: str
    kills: list[Killed] = field(default_factory=list)
    same: dict[str, bool] = field(default_factory=dict)
    calls: int = 0


class Bench:
    def __init__(self, server: Loopback, folder: Path, rows: int) -> None:
        self.server = server
        self.folder = folder
        self.rows = rows
        self.reference: dict[str, bytes] = {}
        self.seconds = 0.0  # of the undisturbed run, from its first request on

    def start(self, out: Path, concurrency: int, *, resume: bool) -> subprocess.Popen:
        """A process that begins or goes on with the run in `out`."""
        targen = [sys.executable, "-m", "targen_core"]
        if resume:
            command = [*targen, "resume", str(out)]
        else:
            command = [*targen, "generate", "rte", "-n", str(self.rows), "--out", str(out)]
            command += ["-b", "llama", "-o", f"base_url={self.server.base_url}", "-o", "model=mock"]
        command += ["--no-cache", "-q", "--concurrency", str(concurrency)]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def finish(self, process: subprocess.Popen) -> None:
        """Wait for a process that must succeed."""
        _, error = process.communicate()
        if process.returncode:
            raise SystemExit(f"a run failed ({process.returncode}): {error.decode()}")

    def first_request(self, process: subprocess.Popen, before: int) -> None:
        """Wait until the server has seen more than `before` requests."""
        while process.poll() is None and self.server.stats()["calls"] <= before:
            time.sleep(0.003)

    def undisturbed(self) -> None:
        """The run that all others are compared with."""
        out = self.folder / "undisturbed"
        process = self.start(out, 24, resume=False)
        self.first_request(process, 0)
        began = time.monotonic()
        self.finish(process)
        self.seconds = time.monotonic() - began
        self.reference = {name: (out / name).read_bytes() for name in FILES}

    def killed_once(self, name: str, rng: random.Random) -> Story:
        """A run that is killed at a random moment and resumed to the end."""
        out, story = self.folder / name, Story(name)
        while not story.kills:  # again where it was over before its moment came
            self.server.reset()
            self.server.phase("0")
            began = time.monotonic()
            process = self.start(out, 24, resume=False)
            self.first_request(process, 0)
            time.sleep(rng.uniform(0, self.seconds))
            if not self.kill(process, story, out, began):
                self.clear(out)
        self.server.phase("1")
        resume = rng.random() < 0.5
        self.finish(self.start(out, rng.choice([4, 16, 64]), resume=resume))
        return self.judge(story, out)

    def killed_often(self, name: str, rng: random.Random, kills: int) -> Story:
        """A run that is killed again and again, then resumed to the end."""
        out, story = self.folder / name, Story(name)
        self.server.reset()
        while len(story.kills) < kills:
            self.server.phase(str(len(story.kills)))
            before = self.server.stats()["calls"]
            began = time.monotonic()
            resume = (out / "manifest.json").exists() and rng.random() < 0.5
            process = self.start(out, rng.choice([8, 24, 64]), resume=resume)
            if rng.random() < 0.3:
                time.sleep(rng.uniform(0.1, 1.0))
            else:
                self.first_request(process, before)
                time.sleep(rng.uniform(0, 1.5 * self.seconds / kills))
            if not self.kill(process, story, out, began):
                break  # it reached its end first
        self.server.phase(str(len(story.kills)))
        self.finish(self.start(out, 24, resume=False))
        return self.judge(story, out)

    def kill(self, process: subprocess.Popen, story: Story, out: Path, began: float) -> bool:
        """SIGKILL; False where the process was over already."""
        at = time.monotonic()
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if process.returncode != -signal.SIGKILL:
            return False
        story.kills.append(Killed(at - began, at, journaled(out / "journal")))
        return True

    def judge(self, story: Story, out: Path) -> Story:
        """Compare what was sent after each kill with what was there at it."""
        log = self.server.log()
        story.calls = len(log)
        for number, killed in enumerate(story.kills):
            lost = {
                digest: answered
                for phase, digest, seed, _, answered in log
                if int(phase) == number and seed not in killed.journaled
            }
            killed.in_flight = len(lost)
            later = {(call[1], call[2]) for call in log if int(call[0]) > number}
            killed.again_journaled = sum(seed in killed.journaled for _, seed in later)
            gaps = [killed.at - lost[digest] for digest, _ in later if lost.get(digest) is not None]
            killed.again_answered = len(gaps)
            killed.longest = max(gaps, default=0.0)
        twice = Counter((call[0], call[1]) for call in log)
        if max(twice.values(), default=1) > 1:
            raise SystemExit("one process sent the same request twice")
        story.same = {name: (out / name).read_bytes() == self.reference[name] for name in FILES}
        return story

    @staticmethod
    def clear(out: Path) -> None:
        for path in out.iterdir():
            path.unlink()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=None, help="of the moments; printed")
    args = parser.parse_args()
    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(10**6)
    with (
        tempfile.TemporaryDirectory(prefix="targen-bench-") as name,
        Loopback(20, 50) as server,
    ):
        bench = Bench(server, Path(name), args.rows)
        bench.undisturbed()
        print(
            f"{args.rows} rows of rte; undisturbed: {server.stats()['calls']} calls in "
            f"{bench.seconds:.2f} s after the first; seed of the moments {seed}"
        )
        print(
            f"{'run':12}{'killed at':>10}{'journaled':>11}{'in flight':>11}"
            f"{'again: journaled':>18}{'answered':>10}"
        )
        stories = []
        for number in range(args.runs):
            story = bench.killed_once(f"once-{number}", random.Random(f"{seed}/{number}"))
            stories.append(story)
            show(story)
        often = bench.killed_often("often", random.Random(f"{seed}/often"), args.kills)
        show(often)
    kills = [killed for story in (*stories, often) for killed in story.kills]
    again = sum(killed.again_journaled for killed in kills)
    answered = sum(killed.again_answered for killed in kills)
    in_flight = sum(killed.in_flight for killed in kills)
    longest = max((killed.longest for killed in kills), default=0.0)
    same = {file: sum(story.same[file] for story in stories) for file in FILES}
    print(f"kills: {len(kills)}, {len(often.kills)} of them of one run")
    print(f"calls with a whole journal record that were sent again: {again} (target 0)")
    print(
        f"calls that the server had answered and that were sent again: {answered}, all of them "
        f"among the {in_flight} in flight at a kill; the earliest was answered "
        f"{longest * 1e3:.0f} ms before its kill"
    )
    for file, count in same.items():
        print(f"{file}: {count} of {len(stories)} runs have the undisturbed run's bytes")
    print(f"the run killed {len(often.kills)} times: {often.same}")
    good = all(all(story.same.values()) for story in (*stories, often))
    return int(again > 0 or longest > LONG_BEFORE or not good)


def show(story: Story) -> None:
    """Print a line for each kill of a run, and how it ended."""
    for killed in story.kills:
        print(
            f"{story.name:12}{killed.after:8.2f} s{len(killed.journaled):11}{killed.in_flight:11}"
            f"{killed.again_journaled:18}{killed.again_answered:10}"
        )
    end = "same bytes" if all(story.same.values()) else str(story.same)
    print(f"{'':12}{story.calls} calls in all; {end}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
