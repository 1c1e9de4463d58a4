"""The service's model for rows with several labels, spans, a score, answers or a preference.

What a text is really about stands in it as a word, so the model judges by the text alone. The words
that it finds in a prompt are spelled here as in `driver`.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .driver import Model, code, rng_of, step_of, words
from .service import Body


@dataclass
class OutputModel(Model):
    """Answers to a task of `examples/outputs`; `slips` are rows that are not what was asked for."""

    output: str = ""
    items: Mapping[Any, str] = field(default_factory=dict)

    @classmethod
    def of(cls, path: str, **rates: Any) -> OutputModel:
        """The model for a task file."""
        output, items = next(iter(yaml.safe_load(Path(path).read_text())["output"].items()))
        return cls(output=output, items=items, **rates)

    def __call__(self, body: Body) -> str:
        step, rng = step_of(body), rng_of(body)
        if step in ("contexts", "seeds"):
            return super().__call__(body)
        self.calls[step] += 1
        question = body["messages"][-1]["content"]
        if step == "generate":
            asked = question.partition("This row:")[2].partition("An idea")[0]
            value = getattr(self, f"write_{self.output}")(asked, rng.random() < self.slips, rng)
            return json.dumps({"unsuitable": False, **value})
        row = question.rpartition("The row:")[2].strip()
        value = {"explanation": words(rng, 4), "valid": rng.random() >= self.broken}
        return json.dumps({**value, **getattr(self, f"judge_{self.output}")(row)})

    def named(self, asked: str) -> list[str]:
        """The labels, types or kinds of which a prompt speaks."""
        return [name for name, means in self.items.items() if name in asked or means in asked]

    def write_labels(self, asked: str, slip: bool, rng: random.Random) -> Body:
        names = rng.sample([*self.items], rng.randint(0, 2)) if slip else self.named(asked)
        return {"text": f"{words(rng)} {' '.join(map(code, names))}"}

    def judge_labels(self, row: str) -> Body:
        return {"labels": [name for name in self.items if code(name) in row]}

    def write_spans(self, asked: str, slip: bool, rng: random.Random) -> Body:
        names = self.named(asked)
        count = int("".join(re.findall(r"(\d+) span", asked)) or 0)
        names += rng.choices(names or [""], k=count - len(names))
        really = rng.choices([*self.items], k=count) if slip else names
        parts = [f"<{n}>Z{r}</{n}> {words(rng, 3)}" for n, r in zip(names, really, strict=True)]
        return {"text": " ".join([words(rng), *parts])}

    def judge_spans(self, row: str) -> Body:
        return {"text": re.sub(r"Z([a-z-]+)", r"<\1>\g<0></\1>", row)}

    def write_score(self, asked: str, slip: bool, rng: random.Random) -> Body:
        found = re.search(r"\d(\.\d)?", asked)
        score = round(rng.uniform(1, 5), 1) if slip or not found else found[0]
        return {"sentence_a": words(rng), "sentence_b": f"{words(rng)} Z{score}"}

    def judge_score(self, row: str) -> Body:
        return {"score": float(row.rpartition("Z")[2])}

    def write_answer(self, asked: str, slip: bool, rng: random.Random) -> Body:
        kind = rng.choice([*self.items]) if slip else self.named(asked)[0]
        passage = " ".join(words(rng, 12) for _ in range(5))
        answer = passage.split()[rng.randrange(1, 10)]
        return {"passage": passage, "question": f"{words(rng)} {code(kind)}", "answers": [answer]}

    def judge_answer(self, row: str) -> Body:
        return {"kind": row.rpartition(" z")[2], "answers": [row.split()[4]]}

    def write_preference(self, asked: str, slip: bool, rng: random.Random) -> Body:
        texts = [f"{words(rng)} Zbest", words(rng)]
        better, worse = reversed(texts) if slip else texts
        return {"prompt": words(rng), "better": better, "worse": worse}

    def judge_preference(self, row: str) -> Body:
        return {"better": "A" if row.index("Zbest") < row.index("Reply B") else "B"}


def category(output: str, row: Body) -> str:
    """The label by which a row is counted, once its output is checked against its text."""
    match output:
        case "labels":
            names = re.findall(r"\bz(\w+)", row["text"])
            assert sorted(row["labels"]) == sorted(names), row
        case "spans":
            assert all(span["text"] == f"Z{span['type']}" for span in row["spans"]), row
            names = re.findall(r"\bZ([a-z-]+)", row["text"])
            assert len(names) == len(row["spans"]), row
        case "score":
            assert abs(row["score"] - float(row["sentence_b"].rpartition("Z")[2])) <= 0.5, row
            low = min(int(row["score"]), 4)
            names = [f"{low} to {low + 1}"]
        case "answer":
            names = [row["kind"]]
            assert row["question"].endswith(code(row["kind"])), row
            assert row["answers"] == [row["passage"].split()[3]], row
        case _:
            names = [row["criterion"]]
            assert row["chosen"].endswith("Zbest") and "Zbest" not in row["rejected"], row
    return "+".join(sorted(set(names))) or "none"
