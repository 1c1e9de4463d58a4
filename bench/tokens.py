"""Input tokens of a row beside data-designer's and curator's: a call that writes, one that judges.

targen makes RTE rows on the scripted backend. The prompts of steps 3 and 4 of each row are given to
the other frameworks word for word, with the same reply models; a server on the loopback
address answers them and counts what their libraries really send. So the rows are the same, and the
figures differ by what each framework adds. Tokens are counted at four bytes each, of the messages
alone: schemas that are sent beside them are not in them. `correct --rows-per-call 10` judges the
same rows. `../shared/bench/setup_venvs.sh data-designer curator` makes the environments, and
`--venvs` names their folder. Exit 1 if a row of ours takes more than one of theirs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

ROW = {"basis": "The ferry left at nine.", "hypothesis": "A ferry left at nine in the morning."}
VERDICT = {"explanation": "It is as it says.", "actual": "entailment", "verdict": "correct"}
SCORE = {"label": {"score": "entailment", "reasoning": "The ferry left, as the premise says."}}
PROBE = {"name": "Ada", "age": 36}  # what curator first tries a schema with
SEVERAL = 10  # rows per judging call


class Row(BaseModel):
    """What step 3 of RTE replies."""

    basis: str
    hypothesis: str


class Verdict(BaseModel):
    """What step 4 of RTE replies."""

    explanation: str
    actual: Literal["entailment", "not_entailment", "no_valid_instance", "unsure"]
    verdict: Literal["correct", "incorrect"]


# --- the other frameworks, each in its own environment ---


def curator(asked: list[dict[str, str]], url: str) -> None:
    """Two blocks of curator, each fed its prompts."""
    import importlib.util

    os.environ |= {"TELEMETRY_ENABLED": "false", "CURATOR_DISABLE_RICH_DISPLAY": "1"}
    os.environ |= {"HOSTED_CURATOR_VIEWER": "0", "CURATOR_CACHE_DIR": tempfile.mkdtemp()}
    litellm = importlib.util.find_spec("litellm")
    assert litellm is not None and litellm.origin is not None
    tables = Path(litellm.origin).parent / "litellm_core_utils" / "tokenizers"
    os.environ["TIKTOKEN_CACHE_DIR"] = str(tables)
    from bespokelabs import curator as library

    def block(key: str, model: type[BaseModel]) -> Any:
        class Block(library.LLM):
            response_format = model

            def prompt(self, row: dict[str, str]) -> str:
                return row[key]

            def parse(self, row: dict[str, str], response: BaseModel) -> dict[str, str]:
                return {"reply": response.model_dump_json()}

        options = {"base_url": url, "api_key": "x"}
        return Block(model_name="gpt-4o-mini", backend="openai", backend_params=options)

    block("write", Row)(asked)
    block("judge", Verdict)(asked)


def data_designer(asked: list[dict[str, str]], url: str, *, own_judge: bool = False) -> None:
    """Two structured columns over a seed dataset, or with its own judge as the second."""
    os.environ["NEMO_TELEMETRY_ENABLED"] = "false"
    import data_designer.config as dd
    import pandas
    from data_designer.interface import DataDesigner

    provider = dd.ModelProvider(name="p", endpoint=url, provider_type="openai", api_key="x")
    parameters = dd.ChatCompletionInferenceParams(max_parallel_requests=4)
    model = dd.ModelConfig(
        alias="m",
        model="mock",
        provider="p",
        skip_health_check=True,
        inference_parameters=parameters,
    )
    columns = dd.DataDesignerConfigBuilder(model_configs=[model])
    columns.with_seed_dataset(dd.DataFrameSeedSource(df=pandas.DataFrame(asked)))
    known = {"model_alias": "m"}
    columns.add_column(
        dd.LLMStructuredColumnConfig(name="row", prompt="{{ write }}", output_format=Row, **known)
    )
    if own_judge:
        labels = {"entailment": "It follows.", "not_entailment": "It does not follow."}
        score = dd.Score(name="label", description="The right output.", options=labels)
        judge = dd.LLMJudgeColumnConfig(name="said", prompt="{{ judge }}", scores=[score], **known)
    else:
        judge = dd.LLMStructuredColumnConfig(
            name="said", prompt="{{ judge }}", output_format=Verdict, **known
        )
    columns.add_column(judge)
    designer = DataDesigner(artifact_path=tempfile.mkdtemp(), model_providers=[provider])
    designer.create(columns, num_records=len(asked), dataset_name="bench")


def data_designer_judge(asked: list[dict[str, str]], url: str) -> None:
    """The same with data-designer's own judge column."""
    data_designer(asked, url, own_judge=True)


CLIENTS = {each.__name__: each for each in (curator, data_designer, data_designer_judge)}
NAMES = {
    "curator": "curator",
    "data_designer": "data-designer, structured columns",
    "data_designer_judge": "data-designer, its judge column",
}

# --- what they send ---


class Counting(ThreadingHTTPServer):
    """Answers chat completions; counts those of the prompts, and the bytes of their messages."""

    def __init__(self, asked: list[dict[str, str]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked = asked
        self.lock = threading.Lock()
        self.calls = self.bytes = 0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer as the reply model that the prompt or the schema asks for."""
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        body = json.loads(raw)
        said = "".join(map(_text, body["messages"]))
        server = self.server
        assert isinstance(server, Counting)
        writes = any(one["write"] in said for one in server.asked)
        judges = any(one["judge"] in said for one in server.asked)
        with server.lock:
            server.calls += writes or judges
            server.bytes += (writes or judges) * len(said.encode())
        verdict = SCORE if "reasoning" in said else VERDICT
        reply = json.dumps(ROW if writes else verdict if judges else PROBE)
        if "response_format" not in body:
            reply = f"```json\n{reply}\n```"
        message = {"role": "assistant", "content": reply}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        head = {"id": "c", "object": "chat.completion", "created": 1, "model": "mock"}
        answer = json.dumps({**head, "choices": [choice], "usage": usage}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Suppress the log of requests."""


def _text(message: dict[str, Any]) -> str:
    content = message["content"]
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


def counted(client: str, python: Path, asked: list[dict[str, str]]) -> tuple[float, float]:
    """Calls and input tokens of a row, of a framework."""
    server = Counting(asked)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "asked.json")
        file.write_text(json.dumps(asked), encoding="utf-8")
        url = f"http://127.0.0.1:{server.server_port}/v1"
        command = [str(python), __file__, "--client", client, str(file), url]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    server.shutdown()
    if done.returncode or server.calls != 2 * len(asked):
        sys.exit(f"{client}: {server.calls} calls for {len(asked)} rows\n{done.stderr[-2000:]}")
    return server.calls / len(asked), server.bytes / 4 / len(asked)


def ours(rows: int, folder: Path) -> tuple[list[dict[str, str]], dict[str, float]]:
    """The prompts of steps 3 and 4 of each row; input tokens of a row, alone and by several."""
    from targen_standard.tracing.api import trace

    run = folder / "run"
    command = ["targen", "generate", "rte", "-n", str(rows), "-b", "scripted", "-q", "--no-cache"]
    subprocess.run([*command, "--out", run], check=True, stdout=-3)
    asked = []
    for row in range(rows):
        calls = {call.step: call.messages for call in trace(run, row).calls}
        whole = {step: "\n\n".join(m.content for m in talk) for step, talk in calls.items()}
        asked.append({"write": whole["generate"], "judge": whole["correct"]})
    tokens = {part: sum(len(one[part].encode()) for one in asked) / 4 / rows for part in asked[0]}
    several = ["targen", "correct", run, "-b", "scripted", "--rows-per-call", str(SEVERAL)]
    out = folder / "together"
    subprocess.run([*several, "-q", "--no-cache", "--out", out], check=True, stdout=-3)
    judged = json.loads((out / "report.json").read_text())["usage"]["total"]["input_tokens"] / rows
    return asked, {"alone": sum(tokens.values()), "several": tokens["write"] + judged}


def main() -> None:
    """Print the table."""
    if sys.argv[1:2] == ["--client"]:
        _, _, client, file, url = sys.argv
        CLIENTS[client](json.loads(Path(file).read_text(encoding="utf-8")), url)
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20)
    default = Path(tempfile.gettempdir(), "perf", "venvs")
    parser.add_argument("--venvs", type=Path, default=Path(os.environ.get("PERF_VENVS", default)))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asked, mine = ours(args.rows, Path(folder))
        once = 1 + -(-args.rows // SEVERAL) / args.rows
        figures = {
            "targen": (2, mine["alone"]),
            f"targen, {SEVERAL} rows per judging call": (once, mine["several"]),
        }
        for client in CLIENTS:
            home = "data-designer" if client.startswith("data") else client
            python = args.venvs / home / "bin" / "python"
            figures[NAMES[client]] = counted(client, python, asked)
    print("| | calls per row | input tokens |")
    print("|---|--:|--:|")
    for name, (calls, shown) in figures.items():
        print(f"| {name} | {calls:.1f} | {shown:,.0f} |")
    sys.exit(figures["targen"][1] > min(figures[NAMES[client]][1] for client in CLIENTS) + 1)


if __name__ == "__main__":
    main()
