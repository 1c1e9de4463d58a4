"""Record commands on a pseudo-terminal and draw them as one animated SVG, with its text in it.

    pip install pyte
    python scripts/recording.py docs/assets/your-own-task.svg

The commands are typed and run for real in a shell; nothing is put in afterwards but shorter waits.
They run in a copy of `examples/mail`, with its service, so the replies of a large model come
without its waits. No service and no font is fetched.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import re
import runpy
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyte

COLUMNS, ROWS = 100, 30
COMMANDS = (
    "cat mail.yaml",
    "targen preview mail.yaml --variant paper",
    (
        "targen generate mail.yaml --variant paper "
        "--label order_status=20,refund=12,complaint=12,advice=10,other=6"
    ),
    "targen show runs/mail-0 --rejected",
    "cp revised.yaml mail.yaml; cat mail.yaml",
    "targen revise runs/mail-0 --task mail.yaml --yes",
    "targen show runs/mail-0-revised --label complaint -n 5",
    "targen train runs/mail-0-revised",
    "targen evaluate models/mail-0-revised own.csv",
)
LONGEST = 0.9  # seconds that nothing may change in the picture
READING = 2.5  # seconds a command's end stands still
KEY = 0.03  # seconds a typed character takes
KEYS = 6  # in one picture
FRAME = 0.25  # seconds between two pictures, at least

WIDTH, HEIGHT = 7.8, 17  # pixels of a character
PROMPT = "$ "
STYLE = """svg{background:#16181d}
text{font:13px ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace}
text{fill:#d8dbe2;white-space:pre}.b{font-weight:700}.red{fill:#ff8f87}.green{fill:#8fd18b}
.brown,.yellow{fill:#e6c67a}.blue{fill:#8ab8ff}.magenta{fill:#d8a0ea}.cyan{fill:#7fd3dc}
.black,.brightblack{fill:#8a909c}
.f{visibility:hidden}"""

_DIGITS = re.compile(r"[0-9a-f]{6}")

Screen = tuple[str, ...]
"""A picture: the markup of each line."""


def main() -> None:
    """Record the commands and write the picture."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    import pyte

    root = Path(__file__).resolve().parent.parent
    frames: list[tuple[float, Screen]] = []
    with tempfile.TemporaryDirectory(prefix="targen-recording-") as runs:
        mail = root / "examples" / "mail"
        folder = Path(shutil.copytree(mail, Path(runs) / "mail"))
        with runpy.run_path(str(mail / "service.py"))["served"]() as server:
            model = {
                "TARGEN_NO_CONFIG": "1",
                "TARGEN_BACKEND": "llama/large",
                "TARGEN_BASE_URL": f"{server.url}/v1",
                "TARGEN_CONCURRENCY": "1",  # as in the page's tests: the same calls each time
                "TARGEN_CACHE_DIR": f"{runs}/cache",
            }
            screen = pyte.Screen(COLUMNS, ROWS)
            for command in COMMANDS:
                new = recorded(command, screen, folder, runs, model)
                # Begin with the end of the first command: who opens the page sees text at once.
                frames += new if frames else new[-1:]
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(as_svg(frames), encoding="utf-8")
    print(f"{args.out}: {len(frames)} pictures, {sum(t for t, _ in frames):.0f} s", file=sys.stderr)


def recorded(
    command: str, screen: pyte.Screen, folder: Path, runs: str, variables: dict[str, str]
) -> list[tuple[float, Screen]]:
    """What a terminal shows while a command is typed and runs: seconds and picture, one by one."""
    import pyte

    stream = pyte.ByteStream(screen)
    frames: list[tuple[float, Screen]] = []
    stream.feed(PROMPT.encode())
    for begin in range(0, len(command), KEYS):
        stream.feed(command[begin : begin + KEYS].encode())
        frames.append((KEY * KEYS, drawn(screen)))
    stream.feed(b"\r\n")
    frames.append((0.3, drawn(screen)))
    environment = {
        **os.environ,
        **variables,
        "RUNS": runs,
        "TERM": "xterm-256color",
        "COLUMNS": str(COLUMNS),
        "LINES": str(ROWS),
    }
    main_end, their_end = pty.openpty()
    fcntl.ioctl(their_end, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    process = subprocess.Popen(
        ["sh", "-c", command],
        stdin=their_end, stdout=their_end, stderr=their_end, cwd=folder, env=environment,
        start_new_session=True,
    )  # fmt: skip
    os.close(their_end)
    last = time.monotonic()
    while True:
        ready, _, _ = select.select([main_end], [], [], FRAME)
        if ready:
            try:
                data = os.read(main_end, 65536)
            except OSError:  # its end, as Linux says it
                break
            if not data:
                break
            stream.feed(data.replace(runs.encode(), b"runs"))
        now = time.monotonic()
        if now - last >= FRAME:
            picture = drawn(screen)
            if picture != frames[-1][1]:
                frames.append((min(now - last, LONGEST), picture))
                last = now
    os.close(main_end)
    if code := process.wait():
        raise SystemExit(f"{command}: exit {code}\n{os.linesep.join(screen.display)}")
    frames.append((READING, drawn(screen)))
    return frames


def drawn(screen: object) -> Screen:
    """The lines of a screen as markup: runs of characters of one look."""
    lines = []
    for row in range(ROWS):
        cells = screen.buffer[row]  # type: ignore[attr-defined]
        parts: list[tuple[str, str]] = []
        for column in range(COLUMNS):
            cell = cells[column]
            look = " ".join(name for name in ("b" if cell.bold else "", _color(cell.fg)) if name)
            if parts and parts[-1][0] == look:
                parts[-1] = (look, parts[-1][1] + cell.data)
            else:
                parts.append((look, cell.data))
        if parts:
            look, text = parts[-1]
            parts[-1] = (look, text.rstrip())
        lines.append("".join(_span(look, text) for look, text in parts if text))
    return tuple(lines)


def _color(name: str) -> str:
    return "" if name == "default" else name


def _span(look: str, text: str) -> str:
    """Text in its look: classes, and a color of the 256 as six digits."""
    classes = " ".join(part for part in look.split() if not _DIGITS.fullmatch(part))
    fill = next((f' style="fill:#{part}"' for part in look.split() if _DIGITS.fullmatch(part)), "")
    named = f' class="{classes}"' if classes else ""
    return f"<tspan{named}{fill}>{escape(text)}</tspan>" if look else escape(text)


def as_svg(frames: list[tuple[float, Screen]]) -> str:
    """The pictures one after the other, for ever; each line of text is in the file once."""
    total = sum(seconds for seconds, _ in frames)
    names: dict[str, str] = {}
    for _, picture in frames:
        for line in picture:
            if line:
                names.setdefault(line, f"l{len(names)}")
    width, height = COLUMNS * WIDTH + 24, ROWS * HEIGHT + 24
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" role="img" '
        'aria-label="A terminal in which targen generates e-mails for a task in a file, '
        'revises it, trains and evaluates">'
    )
    parts = [
        head,
        f"<style>{STYLE}</style><defs>",
        *(f'<text id="{name}">{line}</text>' for line, name in names.items()),
        "</defs>",
    ]
    begin = 0.0
    for number, (seconds, picture) in enumerate(frames):
        uses = "".join(
            f'<use href="#{names[line]}" x="12" y="{24 + row * HEIGHT}"/>'
            for row, line in enumerate(picture)
            if line
        )
        end = begin + seconds
        times = f"0;{begin / total:.5f};{min(1.0, end / total):.5f}"
        values, hidden = "hidden;visible;hidden", ' class="f"'
        if number == 0:  # which programs that do not animate show
            times, values, hidden = f"0;{end / total:.5f}", "visible;hidden", ""
        parts.append(
            f'<g{hidden}>{uses}<animate attributeName="visibility" values="{values}" '
            f'keyTimes="{times}" dur="{total:.2f}s" calcMode="discrete" '
            'repeatCount="indefinite"/></g>'
        )
        begin = end
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    main()
