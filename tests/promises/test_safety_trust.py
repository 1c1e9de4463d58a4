"""A stranger's folder runs no code and gets no key, whatever its files are called."""

from __future__ import annotations

import http.server
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

KEY = "sk-mine-0815-0815"
CANARY = "import os, pathlib; pathlib.Path(os.environ['CANARY']).touch()"
TASK = f"""
{CANARY}
from targen_core import Declaration
LABELS = {{"praise": "pleased", "blame": "displeased"}}
TASK = Declaration(description="A line to a shop", labels=LABELS).task(name="shop")
"""


class Person:
    """A person in a shell; of the last line, whether it ran a run's code, and the headers sent."""

    def __init__(self, folder: Path, sent: list[str]) -> None:
        self.folder, self.sent, self.ran = folder, sent, False

    def __call__(self, line: str, **more: str) -> subprocess.CompletedProcess[str]:
        canary = self.folder.with_suffix(".canary")
        env = {
            "TARGEN_CACHE_DIR": str(self.folder.with_suffix(".cache")),
            "TARGEN_CONFIG_DIR": str(self.folder.with_suffix(".config")),
            "CANARY": str(canary),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "TARGEN_LLAMA_API_KEY": KEY,
        }
        self.sent.clear()
        done = subprocess.run(
            ["sh", "-c", line], cwd=self.folder, env={**os.environ, **env, **more},
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        self.ran = canary.exists()
        canary.unlink(missing_ok=True)
        return done


@pytest.fixture(scope="module", name="people")
def _people(tmp_path_factory):
    sent: list[str] = []

    class Address(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            sent.append(str(self.headers))
            self.send_error(401)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Address)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    top = tmp_path_factory.mktemp("trust")
    stranger, reader = Person(top / "stranger", sent), Person(top / "reader", sent)
    stranger.folder.mkdir()
    (stranger.folder / "task.py").write_text(TASK)
    model = f"-b llama -o model=tiny -o base_url=http://127.0.0.1:{server.server_port}/v1"
    made = stranger(f"targen generate ./task.py -n 2 {model} --batch-offline --out run")
    assert (made.returncode, stranger.ran) == (0, True), made.stderr
    shutil.copytree(top / "stranger/run", top / "reader/run")
    yield stranger, reader
    server.shutdown()
    server.server_close()


@pytest.fixture
def reader(people):
    """A person who got the stranger's run."""
    return people[1]


COMMANDS = ("validate", "resume -n 4 --no-batch", "show", "generate -n 2 -b scripted", "view")


@pytest.mark.parametrize("end", ["", "--"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_of_an_option_s_name_permits_nothing(command, end, reader):
    (reader.folder / "--trust").touch()
    done = reader(f"targen {command} {end} *")
    (reader.folder / "--trust").unlink()
    assert done.returncode, done.stdout
    assert not reader.ran and not reader.sent


@pytest.mark.parametrize("name", ["--trust=./run", "--task=task.py", "-oscript=task.py"])
def test_a_shell_s_pattern_makes_no_option(name, reader):
    """Not even one of a folder and a file in it."""
    first = reader.folder / name.partition("/")[0]
    shutil.copytree(reader.folder / "run", first / "run" if "/" in name else first)
    done = reader(f"cp run/task.py .; targen validate {'*/run' if '/' in name else '-*'} run")
    shutil.rmtree(first)
    (reader.folder / "task.py").unlink()
    assert (done.returncode, reader.ran) == (2, False), done.stderr
    assert "a shell's * may have inserted it" in done.stderr


@pytest.mark.parametrize("typed", ["--trust", "--trust run", "--trust=run"])
def test_trust_names_a_path(typed, reader):
    done = reader(f"targen validate run {typed}")
    assert (done.returncode, reader.ran) == (2, False), done.stderr
    assert "try: --trust=./" in done.stderr


def test_trust_is_of_a_path_and_lasts_for_one_call(people):
    stranger, reader = people
    for person, trust, ran, got_key in (
        (reader, "", False, False),
        (reader, "--trust=run/task.py", True, False),
        (reader, "--trust=./run", True, True),
        (reader, '--trust="$PWD"', True, True),
        (reader, "", False, False),
        (stranger, "", True, True),  # whose command started the run
    ):
        done = person(f"targen resume run -q --no-batch --max-outage 1 {trust}")
        assert (person.ran, any(KEY in each for each in person.sent)) == (ran, got_key), done.stderr
    reader("targen describe run/task.py")  # to name code runs it, and is not remembered
    assert reader.ran
    assert "add --trust=run/task.py" in reader("targen resume run").stderr
    assert not reader.ran


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("sentence_bert_config.json", '{"model_args": {"weights_only": false}}'),
        ("part/config.json", '{"deep": [{"auto_map": {"AutoModel": "own.Model"}}]}'),
        ("modules.json", '[{"path": "../elsewhere"}]'),
        ("pytorch_model.bin", ""),
    ],
)
def test_a_model_s_folder_is_data(file, text, reader, tmp_path):
    (tmp_path / "sentence_transformers.py").write_text(f"def SentenceTransformer(*_): {CANARY}\n")
    (reader.folder / "rows.jsonl").write_text('{"premise": "a", "hypothesis": "b", "label": 1}\n')
    model = reader.folder / "model"
    (model / file).parent.mkdir(parents=True)
    (model / file).write_text(text)
    line = "targen analyze rows.jsonl --task rte --metric semantic -o semantic.model=./model"
    done = reader(f"{line} --out analysis --force", PYTHONPATH=str(tmp_path))
    shutil.rmtree(model)
    assert done.returncode and not reader.ran, done.stdout
    assert f"model/{file} " in done.stderr and "could run code" in done.stderr
