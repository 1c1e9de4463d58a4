"""Ordinary mistakes at every edge, each with what is printed: the error, and what to type instead.

A line is a mistake, the error, and the hint, each as far as it is printed on one line.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from pathlib import Path

import pytest

import targen_core as tg
from targen_testing import OPENAI
from targen_testing.fault_server import FaultServer, Response

from ...tables import table

pytestmark = pytest.mark.whole

MAIL = """description: E-mails to an online shop.
labels:
  order: the customer asks where an order is
  refund: the customer wants money back
"""
FILES = {
    "mail.yaml": MAIL,
    "judged.yaml": "description: Mail.\nlabels: {a: Of a., b: Of b.}\ncorrector: nosuch\n",
    "rows.csv": "text,label\nWhere is it?,order\n",
    "mistyped.csv": "text,label\nWhere is it?,order\nMoney back,refnd\n",
    "book.xlsx": "PK",
    "odd.py": "X = 1\n",
    "other.yaml": "description: Reviews.\nlabels: {good: Of a., bad: Of b.}\n",
    "file": "x",
    "folder/x": "y",
    "models/mail-0/model.json": "{}",
    "plugin/pyproject.toml": "[project]\nname = 'mine'\n",
}


@pytest.fixture
def _run(finished):
    """A task, a run of it, and files that are something else."""
    for name, text in FILES.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)
    finished("mail.yaml", "-n", 4)
    tg.apply_review(tg.review("run", bad=[0], out="grades"), out="reviewed")


# --- a task's file ----------------------------------------------------------

# Behind a description; L stands for two labels with definitions.
KEYS = r"""
    labels:\n\torder: where is it | line 3: found character '\t' that cannot start any token | indent with spaces
    labels:\n  order: where is it\n   refund: money back | line 4: mapping values are not allowed here | put text that contains a colon in quotes, or
    labels:\n order: where is it\nrefund: money back | line 4: refund: unknown key | if it is a label, indent it under labels; the keys are edition, draft, name, version, summary, description,
    labels:\n  order: asks: where is it | line 3: mapping values are not allowed here | put text that contains a colon in quotes, or
    labels:\n  order: "where is it | line 4: found unexpected end of stream | is a quotation mark missing?
    labels: [order, refund] | line 2: labels: it is a list, but each label needs a definition | labels: {"order": "what makes a row belong to this label", "refund": "what makes a row belong to
    labels: [0, 1] | line 2: labels: it is a list, but each label needs a definition | labels: {"0": "what makes a row belong to this label", "1": "what makes a row belong to this label"}
    labels:\n- order: where is it\n- refund: money back | line 2: labels: it is a list, but each label needs a definition | labels: {"order": "what makes a row belong to this label", "refund":
    labels:\n  order:\n  refund: money back | line 3: labels.order: it has no definition | labels: {"order": "what makes a row belong to this label"}
    labels:\n  order: [where, is it] | line 3: labels.order: expected a text definition, not a list | labels: {"order": "what makes a row belong to this label"}
    labels:\n  order: where is it\n  language: German | line 4: labels.language: it is a key, not a label | put it at the same level as labels, not under it; if it is a label: labels: {"language": {"definition": "…"}}
    labels:\n  order: where is it\n  form: prose | line 4: labels.form: it is a key, not a label | fields: {"text": {"form": "prose"}}; if it is a label:
    labels:\n  order: where is it\n  count: 40 | line 4: labels.count: it is a key, not a label | it belongs to a run, not to a task: -n 40
    labels: order, refund | line 2: labels: it is 'order, refund', but each label needs a definition | labels: {"order": "what makes a row belong to this label", "refund": "…"}
    labels: {} | line 2: labels: it is empty | fill it in, or remove the key
    lables:\n  order: where is it | line 2: lables: unknown key | did you mean labels or samples?
    labels: {order: a, order: b} | line 2: the key 'order' is given twice | keep one of them
    labels: {no_valid_instance: a, b: c} | line 2: labels.no_valid_instance: step 4 uses this word for invalid rows | choose a different name
    L; langauge: German | line 3: langauge: unknown key | did you mean language?
    L; temperature: 0.5 | line 3: temperature: unknown key | parameters: {"generate": {"temperature": 0.5}}
    L; model: gpt-5 | line 3: model: unknown key | it belongs to a run, not to a task: --backend BACKEND/gpt-5
    L; fields: [subject, body] | line 3: fields: expected keys with values, not a list | fields: {"subject": "…", "body": "…"}
    L; fields: {text: {words: 5-60}} | line 3: fields.text.words: '5-60' is neither a whole number above 0 nor [min, max], such as [5, 60]
    L; fields: {text: {words: [60, 5]}} | line 3: fields.text.words: the minimum 60 is above the maximum 5 | words: [min, max]
    L; fields: {label: the label} | line 3: fields.label: every row already has the column label | choose a different name
    L; samples: [{input: Where?, label: order}] | line 3: expected ',' or '}', but got '?' | within { } and [ ], put text that contains a comma, colon, quote or ? in quotes
    L; samples: {order: Where is it} | line 3: samples: {'order': 'Where is it'} is not a list | write one item per line, each after a dash
    L; dimensions: {tone: angry} | line 3: dimensions.tone: expected a list [short, long], weights {short: 3, long: 1} or a vocabulary @words, not 'angry'
    L; contexts: {file: towns.txt} | line 3: contexts.file: cannot read towns.txt: No such file or directory | use a file in the task file's folder, with one item per line
    L; contexts: 10 | line 3: contexts: expected keys with values, not 10 | contexts: "what they are", or a list of them
    L; seeds: {fields: text} | line 3: seeds.fields: unknown key | did you mean field or file?
    L; labels_per_seed: 2 | line 3: labels_per_seed: 2 is not a valid value | one of: 1, all
    L; presets: {small: many} | line 3: presets.small: 'many' is neither a number of rows nor a mapping LABEL: ROWS
    labels:\n  order where is it\n  refund: money back | line 4: mapping values are not allowed here | on line 3, put a colon and a space after the key, as in KEY: text
    labels:\n  order: where is it\n  refund money back | line 4: could not find expected ':' | put a colon and a space after each key, as in KEY: text
    labels\n  order: where is it | line 2: could not find expected ':' | put a colon and a space after each key, as in KEY: text
    labels:\n  order：where is it\n  refund: money back | line 4: mapping values are not allowed here | on line 3, put a colon and a space after the key, as in KEY: text
    labels:\n\u00a0 order: where is it\n  refund: money back | line 4: mapping values are not allowed here | line 3 contains a non-breaking space; replace it with an ordinary one
    labels: {“order”: where is it, refund: money back} | line 2: labels.“order”: “ is not a quotation mark in YAML | type " instead of “
    labels:\n  order: 'where isn't it'\n  refund: b | line 3: expected <block end>, but found '<scalar>' | put text that contains quotes in the other kind of quotes, or double a quote within '…'
    labels:\n  order: where is it\n bad\n  refund: b | line 4: expected <block end>, but found '<scalar>' | to continue the text above, indent this line more than its key; or remove it
    labels:\n  order: *where\n  refund: money back | line 3: found undefined alias 'where' | text that starts with *, &, !, %, @ or ` needs quotes
    L; words: [5, 9] | line 3: words: unknown key | fields: {"text": {"words": [5, 9]}}
    L; fields: {text: what it is, words: [5, 9]} | line 3: fields.words: expected keys with values, not a list | fields: {"text": {"words": [5, 9]}}
    L; num_rows: 60 | line 3: num_rows: unknown key | it belongs to a run, not to a task: -n 60
    L; language: [English, German] | line 3: language: ['English', 'German'] is not text | write text, not a list or mapping
    L; edition: 99 | line 3: edition: 99 is not a valid value | one of: 1, 2
    L; parameters: {generate: {temprature: 1}} | line 3: parameters.generate.temprature: no such parameter | did you mean temperature?
    labels:\n  order: {definiton: a}\n  refund: b | line 3: labels.order.definiton: unknown key | did you mean definition?
    L; seed: 3 | line 3: seed: unknown key | it belongs to a run, not to a task: --seed 3
    L; max_cost: 4 | line 3: max_cost: unknown key | it belongs to a run, not to a task: --max-cost 4
    L; label_shares: {order: 40, refund: 20} | line 3: label_shares: unknown key | it belongs to a run, not to a task: --label order=40 --label refund=20
    L; generate: {temperature: 1} | line 3: generate: unknown key | parameters: {"generate": {"temperature": 1}}
    L; parameters: {temperature: 1} | line 3: parameters.temperature: unknown key | parameters: {"generate": {"temperature": 1}}
    L; seeds: [] | line 3: seeds: expected keys with values, not a list | seeds: "what one is", or a list of them
    L; seeds: 3 | line 3: seeds: expected keys with values, not 3 | seeds: "what one is", or a list of them
    L; seeds: {field: body} | line 3: seeds.field: no field 'body' | one of: text
    L; fields: text | line 3: fields: expected keys with values, not 'text' | fields: {"text": "the text of a row"}
    L; fields: {text: {form: sentence}} | line 3: fields.text.form: 'sentence' is not a valid value | one of: prose, question, phrase, any
    L; fields: {text: {words: three}} | line 3: fields.text.words: 'three' is neither a whole number above 0 nor [min, max]
    L; dimensions: [tone] | line 3: dimensions: expected keys with values, not a list | dimensions: {"tone": "…"}
    L; samples: [{input: a, output: order, actual: no, explanation: x}] | line 3: samples.0.actual: 'no' is not a label | one of: order, refund
    L; samples: [{input: a, output: order, actual: order}] | line 3: samples.0.explanation: it is missing | samples: [{"input": "…", "output": "…", "actual": "…", "explanation": "…"}]
    L; corrector: metta | line 3: corrector: no corrector named 'metta' is installed | did you mean meta?
    L; presets: {small: {order: 2, advice: 3}} | line 3: presets.small.advice: 'advice' is not a label | one of: order, refund
    L; description: Again | line 3: the key 'description' is given twice | keep one of them
    labels: {order: {guidance: x}, refund: b} | line 2: labels.order.definition: it is missing | labels: {"order": "what makes a row belong to this label"}
    labels: {order: true, refund: b} | line 2: labels.order: expected a text definition, not True | labels: {"order": "what makes a row belong to this label"}
    labels: {order: '', refund: b} | line 2: labels.order.definition: it is empty | fill it in, or remove the key
    labels: {order: a, Order: b} | line 2: labels.order: another label differs from it only in case | choose a different name
    labels: {order: {definition: x, examples: [y]}, refund: b} | line 2: labels.order.examples: unknown key | keys: definition, value, guidance, prompt
    L; fields: {text: {max_words: 60}} | line 3: fields.text.max_words: unknown key | words: [min, max]
    L; min_words: 5 | line 3: min_words: unknown key | fields: {text: {words: [min, max]}}
    L; dimensions: {tone: {angry: 0.5, calm: 0.5}} | line 3: dimensions.tone: the weight of 'angry' must be a whole number, such as 3, not 0.5
    L; contexts: [house, , flat] | line 3: expected the node content, but found ',' | an item is missing between two commas, or before the first comma
    L; contexts:\n  - house\n  -\n  - flat | line 5: contexts.1: it is empty | write its text, or remove it
    labels: {order: a, refund: b, : c} | line 2: expected the node content, but found ':' | a key is missing before the colon
    labels: {order: {definition: x, count: 20}, refund: b} | line 2: labels.order.count: unknown key | it belongs to a run, not to a task: --label order=20
    L; prompts: {generate: Write a mail} | line 3: prompts.generate: unknown key | keys: contexts, seeds; for step 3, set a label's prompt: labels: {"LABEL": {"definition": "…", "prompt": "…"}}
    L; fields: {text: {must_contain: order}} | line 3: fields.text.must_contain: 'order' is not a list | must_contain: ["order"]
    L; fields: {kind: {type: enum, values: low}} | line 3: fields.kind.values: 'low' is not a list | values: ["low"]
    L; fields: {stars: {type: int, range: 5}} | line 3: fields.stars.range: 5 is not a list | range: [min, max]
    L; guidance: Be brief | line 3: guidance: unknown key | put it under a label: labels: {"LABEL": {"definition": "…", "guidance": "Be brief"}}
    L; presets: small | line 3: presets: expected keys with values, not 'small' | presets: {"small": 40}
    L; checks: [typo] | line 3: checks.0: no check named 'typo' is installed | list-checks
    L; checks: typo | line 3: checks: no check named 'typo' is installed | list-checks
    L; checks:\n  - no-placeholder\n  - tone | line 5: checks.1: no check named 'tone' is installed | list-checks
    L; filters: [exclude] | line 3: filters.0: no filter named 'exclude' is installed | did you mean excluded?
    L; filters: [distance] | line 3: filters.0: filter targen-standard:distance needs the option 'max_cosine' | options: {distance.max_cosine: ...}
    L; filters: [distance]\noptions: {distance.max_cosine: 0.8, distance.embedder: minlm} | line 4: options.distance.embedder: no embedder named 'minlm' is installed | did you mean minilm?
    L; filters: [excluded]\noptions:\n  excluded:\n    exclude: [old.csv] | line 6: options.excluded.exclude: there is no file old.csv | a run directory, or a .jsonl
    L; filters: [near-duplicates]\noptions: {near-duplicates.near_duplicates: 700} | line 4: options.near-duplicates.near_duplicates: it must be at most 100
    L; checks: [no-placeholder]\noptions: {no-placeholder.most: 1} | line 4: options.no-placeholder.most: check targen-plugin-example:no-placeholder has no options, but was given most
    L; corrector: vote\noptions:\n  vote:\n    votes: 3\n    times: 3 | line 7: options.vote.times: corrector targen-core:vote has no option 'times' | did you mean votes?
    L; generators:\n  order: routne-ticket | line 4: generators.order: no generator named 'routne-ticket' is installed | did you mean routine-ticket or urgent-ticket?
    L; seeds: {use: word-senses} | line 3: seeds.use: seeds word-senses: its items are Sense (word, number, definitions), but t needs texts | targen list-seeds
    L; filters: [near-duplicates]\nexamples: real.csv | line 4: examples: there is no file
    L; examples:\n  file: few.csv\n  close_gap: true | line 4: examples.file: few.csv has 1 row that can serve as examples, but at least 5 are needed | add at least 4 rows
    L; examples: few.csv\noptions: {examples.extra: 5} | line 4: options.examples.extra: it must be at most 2
    L; examples: ../few.csv | sets examples.file = ../few.csv, but someone else's file could specify any code | add --trust to the command
    L; name: My Mail! | line 3: name: 'My Mail!' is not a valid name | use lower-case letters, digits, ., _ and -
"""
WHOLE = r"""
    labels: {order: a, refund: b} | line 1: description: it is missing | description: "what a row is, in a sentence"
    description:\nlabels: {order: a, refund: b} | line 1: description: it is empty | description: "what a row is, in a sentence"
    description: E-mails: to a shop\nlabels: {a: b, c: d} | line 1: mapping values are not allowed here | put text that contains a colon in quotes, or
    Mails about orders and refunds. | line 1: it has no keys | write description: … and labels: …; see targen init-task
    ```yaml\ndescription: Mails\n``` | line 1: found character '`' that cannot start any token | text that starts with *, &, !, %, @ or ` needs quotes
    ---\ndescription: a\n---\ndescription: b | line 3: but found another document | keep one task per file; remove the line ---
    task:\n  description: Mails\n  labels: {a: b, c: d} | line 1: task: unknown key | remove this line, and unindent those below it
    description: Mails | line 1: labels: it is missing | labels: {"order": "what makes a row belong to this label", "refund": "…"}
"""


@pytest.mark.parametrize(("text", "error", "hint"), table(KEYS))
def test_a_key(text, error, hint, refuses):
    labels = "labels: {order: a b, refund: c d}\n"
    text = text.replace("L; ", labels).replace("\\t", "\t").replace("\\u00a0", "\u00a0")
    Path("t.yaml").write_text(f"description: Mails.\n{text}\n")
    Path("few.csv").write_text("text,label\nWhere is it?,order\n")
    where = ", " if error.startswith("line ") else " "
    refuses("generate t.yaml -n 4 -b scripted --out run", f"t.yaml{where}{error}", hint)


@pytest.mark.parametrize(("text", "error", "hint"), table(WHOLE))
def test_a_file(text, error, hint, refuses):
    Path("t.yaml").write_text(text + "\n")
    refuses("generate t.yaml -n 4 -b scripted --out run", f"t.yaml, {error}", hint)


OTHER_FORMS = """
    t.json | {"description": "Mails", "labels": {"a": "b", "c": "d",}} | line 1: it is not JSON: | names and strings need double quotes; the last item must not have a comma after it
    t.toml | description = Mails | line 1: it is not TOML: Invalid value | write KEY = "text"; keys with colons are YAML, which needs a file name that ends in .yaml
    t.toml | description: Mails | line 1: it is not TOML: Expected '=' after a key | write KEY = "text"; keys with colons are YAML, which needs a file name that ends in .yaml
"""


@pytest.mark.parametrize(("name", "text", "error", "hint"), table(OTHER_FORMS, 4))
def test_a_file_of_another_form(name, text, error, hint, refuses):
    Path(name).write_text(text + "\n")
    refuses(f"generate {name} -n 4 -b scripted --out run", f"{name}, {error}", hint)


@pytest.mark.parametrize(
    "data", [b"\xef\xbb\xbf" + MAIL.encode(), MAIL.replace("\n", "\r\n").encode()]
)
def test_a_file_of_another_editor_is_read(data, works):
    Path("t.yaml").write_bytes(data)
    assert "order: the customer asks where an order is" in works("describe", "t.yaml").out


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252"])
def test_a_file_of_another_encoding(encoding, refuses):
    Path("t.yaml").write_bytes(MAIL.replace("shop", "café").encode(encoding))
    refuses("describe t.yaml", "t.yaml, line 1: it is not UTF-8 text", "save it as UTF-8")


# --- a command --------------------------------------------------------------

COMMANDS = """
    generate | give a task to generate, or --suite PLUGIN for all tasks of a plugin | targen generate rte -n 10, or targen generate --suite superglue --preset paper
    generate mail -n 4 -b scripted | no task named 'mail' is installed | did you mean the file mail.yaml?
    generate mial.yaml -n 4 -b scripted | there is no file mial.yaml | did you mean mail.yaml?
    generate nope/mail.yaml -n 4 -b scripted | there is no file nope/mail.yaml | targen init-task --blank writes a template
    generate rows.csv -n 4 -b scripted | rows.csv is a file that does not contain a task | a task file's name must end in one of .py, .yaml, .toml, .json
    generate folder -n 4 -b scripted | folder is a folder that does not contain a task | a task file's name must end in one of .py, .yaml, .toml, .json
    generate run -n 4 -b scripted | run is a run directory, not a task | targen resume run -n N
    generate 'mails to a shop' -n 4 -b scripted | no task named 'mails to a shop' is installed | to describe a task, create a file with targen init-task --blank
    generate odd.py -n 4 -b scripted | odd.py does not define a task | define TASK = Task(…); see the how-to for task files
    generate mail.yaml -b scripted | the number of rows is missing | -n 100, or --label order=40
    generate mail.yaml -n 4 --exclude -b scripted | --exclude needs a value | for example targen generate rte -n 100; see targen generate --help
    generate mail.yaml 20 | unexpected argument '20': targen generate takes only TASK | -n 20
    generate mail.yaml -n | -n needs a value | for example targen generate rte -n 100; see targen generate --help
    generate mail.yaml -n 1,000 | -n: '1,000' is not a whole number | -n 1000
    generate mail.yaml -n 4 -b gpt-5 | no backend named 'gpt-5' is installed | give the backend and its model: --backend chatgpt/gpt-5; see: targen list-backends
    generate mail.yaml -n 4 -b openai:gpt-5 | no backend named 'openai:gpt-5' is installed | did you mean openai/gpt-5? See: targen list-backends
    generate mail.yaml -n 4 -b openai | the chatgpt backend needs a model name | --model gpt-6-luna, for example
    generate mail.yaml -n 4 -b openai --model gpt-5 | the chatgpt backend has no API key: OPENAI_API_KEY is not set | export the key as OPENAI_API_KEY, or pass -o api_key_file=FILE, or run:
    generate mail.yaml -n 4 -b llama | the llama backend needs a model name | --model NAME; GET http://127.0.0.1:11434/v1/models lists the server's models
    generate mail.yaml -n 4 --temperature 0.7 | targen generate has no option --temperature | it is an option of the model: -o temperature=VALUE
    generate mail.yaml -n 4 -b scripted -o temprature=1 | backend scripted has no option 'temprature' | did you mean temperature or empty_rate?
    generate mail.yaml -n 4 -b scripted -o temperature=hot | option temperature=hot: it must be a number, 0 or more
    generate mail.yaml -n 4 -o temperature 0.7 | unexpected argument '0.7': targen generate takes only TASK | -o temperature=0.7
    generate mail.yaml -n 4 --api-key sk-1 | targen generate has no option --api-key | set an environment variable such as OPENAI_API_KEY, or give a file that contains the key: --key-file FILE
    generate mail.yaml -n 4 -seed 3 | targen generate has no option -seed | did you mean --seed?
    generate mail.yaml -n 4 --split 80/20 | targen generate has no option --split | split rows when you export them: targen export RUN --split 0.8/0.2
    generate mail.yaml -n 4 --shares order:2,refund:1 | targen generate has no option --shares | --label A=40,B=20
    generate mail.yaml -b scripted --label order=2,refund=x | --label refund=x: 'x' is not a number of rows | --label refund=40; for several labels: --label A=40,B=20
    generate mail.yaml -b scripted --label order=2,order=3 | --label contains order twice |
    generate mail.yaml -b scripted --label order:2 | --label 'order:2' is not NAME=VALUE | --label order=2
    generate mail.yaml -b scripted --label order 2 | unexpected argument '2': targen generate takes only TASK | --label order=2
    generate mail.yaml -b scripted --label oder=2 | task mail has no label 'oder' | did you mean order?
    generate judged.yaml -b scripted -n 4 | judged.yaml, line 3: corrector: no corrector named 'nosuch' is installed | one of: blind,
    generate mail.yaml -b scripted --preset paper | task mail has no presets | -n 100
    generate mail.yaml -n 4 --max-cost 5$ | --max-cost: '5$' is not a number | --max-cost 5
    generate mail.yaml -n 4 -b llama --model m --max-cost 5 | --max-cost needs a price, but the price of | give it in dollars per million tokens: --price-in 0.15 --price-out 0.60; if calls
    generate mail.yaml -n 4 -b llama --model m --base-url localhost:8000 | option base_url of backend llama: an address must start with http:// or https://, then a host, such as
    generate mail.yaml -n 4 -b llama --model m --base-url 'http://local host/v1' | option base_url of backend llama: an address must not contain a space |
    generate mail.yaml -n 4 -b openai --model m --key-file folder | cannot read the key file folder: Is a directory | put the key on the first line of the file
    generate mail.yaml -n 0 -b scripted | -n is 0; it must be at least 1 | -n 100
    generate mail.yaml --label order=0 -b scripted | all quotas are 0, so no rows would be generated | --label order=40
    generate mail.yaml -n 4 -b scripted --filter near-duplicate | no filter named 'near-duplicate' is installed | did you mean near-duplicates? See: targen list-filters
    generate mail.yaml -n 4 -b scripted --out file | file already exists, but is not a run directory | choose a different --out
    generate mail.yaml -n 4 -b scripted --out folder | folder already exists, but is not a run directory | choose a different --out, such as --out folder/run
    generate mail.yaml -n 6 -b scripted --out run | run contains a different run: its target is 4 rows, not 6 | targen resume run -n N extends it, with --batch-offline for targen batch export; or
    generate mail.yaml -n 4 -b scripted --seed 2 --out run | run contains a different run, started with seed 0; you asked for 2 | targen resume run resumes it with its recorded options; or choose
    generate mail.yaml --n 5 -b scripted | targen generate has no option --n | did you mean -n?
    generate mail.yaml -n 4 -b scripted --label order=2 | give the number of rows in exactly one way | -n 100, or --label order=40
    generate mail.yaml -n 4 -b scripted --examples mail.yaml | mail.yaml is a task file or a settings file, not a file of rows | pass real texts: a .csv or .jsonl file with the columns text and label, or
    generate mail.yaml -n 4 -b scripted --examples folder | folder is a folder, not a file of rows | give one file
    generate mail.yaml -n 4 -b scripted --examples rows.csv | rows.csv has 1 row that can serve as examples, but at least 5 are needed | add at least 4 rows
    generate mail.yaml -n 4 -b scripted --batch-offline | the scripted backend, which step contexts uses, cannot write calls to files | --backend people, chatgpt, claude or llama
    batch import run | batch import needs an answers file | targen batch import run FILE
    batch export run answers.jsonl | batch export does not accept a second argument | targen batch export run --out answers.jsonl
    batch export mail.yaml | mail.yaml is a file, not a run directory | targen runs lists runs
    batch import run rows.csv | line 1: the first line must contain the column names custom_id and answer, separated by a comma or semicolon |
    correct run -b people | people answer through a file, but a correction sends its calls | run the same command again with --batch-offline
    correct rows.csv --task mail.yaml -b scripted --out rows.csv | rows.csv already exists, but is not a correction | choose a different --out
    diff reviewed rows.csv | rows.csv is a file, not a run directory | targen runs lists runs
    describe mail | no task named 'mail' is installed | did you mean the file mail.yaml?
    describe show-progres | no installed part has the name 'show-progres' | targen list shows the kinds, and targen list KIND shows the parts of a kind
    evaluate run rows.csv | run does not contain a model | run targen train to create one
    validate row.csv --task mail.yaml | there is no file row.csv | did you mean rows.csv?
    evaluate foldr rows.csv | no folder foldr | did you mean folder?
    generate mail.yaml -n 4 -b scripted --seeds row.csv | --seeds file row.csv: No such file or directory | did you mean rows.csv?
    compare run | no test rows were given | pass labelled rows with --test DATA
    merge run | the merged run needs a folder; give --out | targen merge RUN... --out runs/merged
    revise run --task nope.yaml | there is no file nope.yaml |
    export run --as csv --split 80 | 1 share without names: a split without names must have 2 or 3 parts | for example 0.8/0.1/0.1, or train=0.9/dev=0.1
    resume run --batch-offline --batch | --batch-offline cannot be used with --batch |
    gen mail.yaml -n 4 | there is no command 'gen' | did you mean generate? See: targen --help
    run mail.yaml | there is no command 'run' | targen generate TASK -n 100
    help generate | there is no command 'help' | targen --help
    resume | targen resume needs RUN: A run directory | for example targen resume runs/rte-0; see targen resume --help
    resume mail.yaml | mail.yaml is a file, not a run directory | targen runs lists runs
    resume rn | no run directory rn | did you mean run?
    resume run/dataset.jsonl | run/dataset.jsonl is a file, not a run directory | run
    resume run -n 2 | label order: 1 rows requested, but the run's target is 2 | a run can only grow; to get a smaller one, generate it with a different --out
    resume run --seed 4 | targen resume has no option --seed | a run keeps its options; targen generate TASK --seed starts a new run
    resume run -o temperature=0.5 | in contexts, seeds, this run used temperature=1.0, not temperature=0.5; | resume it with its original options and the versions in its manifest.json
    show 3 run | no run directory 3 | targen runs lists runs
    show run 0-3 | run has no candidate "0-3" | give a row's number, or an id that targen show run --rejected prints
    trace run | give a row or a call | targen trace run 0, or targen trace run --call KEY
    trace run 77 | run has no row 77: it has 4 rows, numbered from 0
    merge run run --out both | run was passed twice | pass each run only once
    init-task mail.yaml | mail.yaml is a file name, but this command needs a description of the task | targen init-task --blank --out mail.yaml
    config set max-cost five | max-cost is "five"; it must be a number, above 0
    config get model | config get: no such action | targen config show
    config unset model | does not set model | targen config shows the defaults
    review run --port 99999 | --port: it must be at most 65535
    analyze run --against row.csv | there is no file row.csv | did you mean rows.csv?
    show run 99 | run has no row 99: it has 4 rows, numbered from 0
    export run csv | unexpected argument 'csv': targen export takes only SOURCE | --as csv
    export run --as exel | no exporter named 'exel' is installed | one of: argilla, bio, csv, dpo, hf, instructions,
    export run --as | --as needs a value | targen export runs
    export run --as csv --split 0.8,0.3 --out e | the shares add up to 1.1, not 1 | for example 0.8/0.1/0.1, or train=0.9/dev=0.1
    export rows.csv | rows.csv does not state which task its rows belong to | pass --task NAME, or a task file; see targen list-tasks
    export mail.yaml --as csv | mail.yaml is a task file, not a dataset | a run directory, or a .jsonl, .csv or .parquet file; pass the task with --task mail.yaml
    validate mail.yaml rows.csv | unexpected argument 'rows.csv': targen validate takes only SOURCE | targen validate rows.csv --task mail.yaml
    validate rows.csv mail.yaml | unexpected argument 'mail.yaml': targen validate takes only SOURCE | --task mail.yaml
    evaluate rows.csv model | rows.csv is a file, not a model's folder | targen evaluate MODEL DATA, with a MODEL from targen train
    review apply run | there is no review in run | targen review DATA starts one and prints its folder
    method mail.yaml zerogen | no method named 'mail.yaml' is installed | one of: attrprompt, claims, coda, progen, selfinstruct, sungen, supergen, zerogen; see: targen list-methods
    config set base-url 127.0.0.1:8000/v1 | base-url is "127.0.0.1:8000/v1"; it must be an address, such as http://127.0.0.1:8000/v1
    config set modle x | modle is not a setting that can have a default | did you mean model?
    config set backend nope | no backend named 'nope' is installed | did you mean openai? See: targen list-backends
    new tasks mine | new tasks: no such template | did you mean task?
    describe run | run is a run directory | targen report run shows its report, and targen describe run/task.json shows its task; its settings are in run/manifest.json
    describe ./rn | there is no file ./rn | did you mean run?
    backends check | no backend was given, and none is set up: there is no key or address in the environment | pass -b NAME; local downloads its model once, before the first run
    backends check -b people | targen backends has no option -b | pass it without an option: targen backends check NAME
    runs rm run nope --yes | no run directory nope | targen runs lists runs
    runs remove run | runs remove: no such action or folder | targen runs rm run
    diff run | targen diff needs RIGHT: A second run directory | for example targen diff runs/rte-0 runs/rte-0-replay
    correct mistyped.csv --task mail.yaml -b scripted | mistyped.csv, line 3 does not fit the task mail: label: 'refnd' is not 'order' or 'refund'; did you mean refund? | to list all problems: targen validate mistyped.csv --task mail.yaml
    preview mail.yaml -b people | people answer calls in a sheet, but a preview does not wait for answers | use a small run, which waits for answers: targen generate mail.yaml -n 2 --backend people
    new | targen new needs KIND: The kind of file or plugin: task, contexts, | for example targen new task my-task; see targen new --help
    new nope mine | new nope: no such template | one of: task, contexts, seeds,
    generate plugin -n 4 -b scripted | plugin is the source code of a plugin, not a task | run pip install -e plugin; to list its tasks: targen list-tasks
    generate superglue/rte -n 4 -b scripted | there is no file superglue/rte | did you mean rte?
    generate mail.yaml -n 4 -b qwen3 | no backend named 'qwen3' is installed | give the backend and its model: --backend llama/qwen3;
    generate mail.yaml -n 4 -b scripted --variant full | task mail has no variants | omit --variant
    generate mail.yaml -n 4 -b scripted --rounds 2 | --rounds requires --batch or --delivery | add --batch, or omit --rounds
    batch run | batch run: no such action | targen batch export run
    evaluate mail-0 | no folder mail-0 | did you mean models/mail-0?
    evaluate nope | no folder nope | targen evaluate MODEL DATA, with a MODEL from targen train
    train nope | there is no file nope | a run directory, or a .jsonl, .csv or .parquet file
    train rte | there is no file rte | rte is a task; to generate rows: targen generate rte -n 100
    generate mail.yaml -n 4 --verbose | targen generate has no option --verbose | for tracebacks: targen --debug COMMAND; for prompts and
    generate mail.yaml -n 4 --lang German | targen generate has no option --lang | set the language in the task file, for example language: German
    generate mail.yaml -n 4 --format csv | targen generate has no option --format | choose a format when you export the rows: targen export RUN --as csv
    generate --task mail.yaml -n 4 | targen generate has no option --task | pass it without an option: targen generate TASK
    generate --config mail.yaml -n 4 | targen generate has no option --config | pass the task file without an option: targen generate FILE -n 100
    generate mail.yaml -n 20k | -n: '20k' is not a whole number | -n 20000
    generate mail.yaml -n 4 --max-cost | --max-cost needs a value | --max-cost 2.5, without a $
    generate mail.yaml -n 4 --max-cost 2,50 | --max-cost: '2,50' is not a number | --max-cost 2.5
    generate mail.yaml -n 4 --max-outage 5m | --max-outage: '5m' is not a number | --max-outage 300
    generate mail.yaml -n 4 --rpm 60/min | --rpm: '60/min' is not a number | --rpm 60
    generate mail.yaml --label order=2, refund=1 | unexpected argument 'refund=1': targen generate takes only TASK | --label order=2,refund=1
    generate mail.yaml -b scripted --label '{"order": 2}' | --label '{"order": 2}' is not NAME=VALUE | --label LABEL=40
    generate mail.yaml -n 4 -o temperature=1 top_p=0.5 | unexpected argument 'top_p=0.5': targen generate takes only TASK | -o temperature=1 -o top_p=0.5
    generate mail.yaml judged.yaml -n 4 | unexpected argument 'judged.yaml': targen generate takes only TASK | run the command once for each file: targen generate judged.yaml
    -n 4 generate mail.yaml | targen has no option -n | put options after the command: targen generate …; see targen --help
    mail.yaml -n 4 | there is no command 'mail.yaml' | targen generate mail.yaml -n 100
    export run out.csv | unexpected argument 'out.csv': targen export takes only SOURCE | --as csv --out out.csv
    export run --out rows2.csv | rows2.csv would be written as jsonl | --as csv
    generate mail.yaml -n 4 --balance 2:1 | --balance: '2:1' is not one of 'final', 'intended' | to divide rows among labels: --label A=40,B=20
    config set model=big | config set takes a KEY and a VALUE | targen config set model big
    config set backend llama big | config set takes a KEY and a VALUE | targen config set backend llama/big
    revise run --task other.yaml --yes | the task does not have any of the run's labels | is this a different run's task? To start a new run: targen generate TASK -n 100
    train run --epochs 3 | targen train has no option --epochs | it is an option of the trainer encoder: --trainer encoder -o epochs=5
    review run --host 0.0.0.0 | targen review has no option --host | only this machine can open the page; over ssh, forward --port with ssh -L
    estimate mail.yaml -n 4 -b scripted --reasoning-tokens some | --reasoning-tokens 'some' is not TOKENS or STEP=TOKENS
    report run --out page.html | --out requires --html | add --html, or omit --out
    report run --html page.html | unexpected argument 'page.html': targen report takes only RUN | --html --out page.html
    report run --format json | targen report has no option --format | --json or --html
    review run --as | --as needs a value | for example targen review runs/rte-0; see targen review --help
    review run --plan --sample 500% | --sample 500% does not select rows | use paper, a share such as 0.2 or 20%, a number of rows such as 200, or all
    export run --to csv | targen export has no option --to | did you mean --as?
    batch export run --as csv | targen batch has no option --as | --out sets the format: targen batch export RUN --out calls-1.csv
    compare run --against rows.csv | targen compare has no option --against | pass the real rows with --real DATA and --test DATA
    compare run --test rows.csv --trainer tfidff | no trainer named 'tfidff' is installed | did you mean tfidf?
    generate mail.yaml -n 4 -b scripted --seeds other.yaml | --seeds file other.yaml: it is a task file or a settings file, not a list | pass a file with one item per line, such as a .txt file
    generate mail.yaml -n 4 -b scripted --out '' | --out is empty | give a folder or a file, or omit --out
    generate mail.yaml -n 4 -b scripted --concurrency 0 | --concurrency is 0; it must be above 0 |
    generate mail.yaml -n 4 -b scripted --label order 50% | unexpected argument '50%': targen generate takes only TASK | --label order=40
    generate mail.yaml -n 4 --output x | targen generate has no option --output | did you mean --out?
    generate mail.yaml -n 4 --budget 2 | targen generate has no option --budget | did you mean --max-cost?
    generate mail.yaml -n 10.5 | -n: '10.5' is not a whole number | -n 100
    revise run mail.yaml | unexpected argument 'mail.yaml': targen revise takes only RUN | --task mail.yaml
    revise run --task mail.yaml --judge none | --judge none: no such choice | use "all" or "changed"
    revise run --task mail.yaml --label oder=3 | task mail has no label 'oder' | did you mean order?
    show run --label oder | run has no rows with the label "oder" | did you mean order?
    export run --as csv --split train=0.9,test=0.2 --out e | the shares add up to 1.1, not 1 | for example 0.8/0.1/0.1, or train=0.9/dev=0.1
    train run --trainer bert | no trainer named 'bert' is installed | one of:
    analyze run --metric lexcal | no metric named 'lexcal' is installed | did you mean lexical?
    config set max_cost 5 | max_cost is not a setting that can have a default | did you mean max-cost?
    version | there is no command 'version' | targen --version
    data | targen data needs one of its commands | catalogue, correct,
    generate rte --paper | targen generate has no option --paper | targen generate rte --variant paper --preset paper
    --verison | targen has no option --verison | did you mean --version?
    dedup rows.csv | there is no command 'dedup' | targen generate TASK -n 100 --near-duplicates 80
    filter rows.csv | there is no command 'filter' | targen generate TASK -n 100 --filter NAME
    inspect run | there is no command 'inspect' | targen show RUN
    relabel rows.csv | there is no command 'relabel' | targen correct DATA --task FILE
    split run | there is no command 'split' | targen export RUN --split 0.8/0.2
    generate mail.ymal -n 4 | no task named 'mail.ymal' is installed | did you mean mail.yaml?
    list-labels mail.yaml | there is no command 'list-labels' | targen describe TASK
    runs delete run | runs delete: no such action or folder | targen runs rm run
    show run 1 2 | unexpected argument '2': targen show takes only RUN and ROW | one row per command: targen show run 2
    export run --as excel | targen does not write spreadsheets (excel) | use --as csv --out rows.csv; spreadsheet programs can open that file
    export run --out rows.xlsx | targen does not write spreadsheets (xlsx) | use --as csv --out rows.csv; spreadsheet programs can open that file
    review apply run --as sam | targen review apply has no option --as | omit it; targen review apply uses the answers of all raters
    generate mail.yaml -b scripted --label order=-2 | label order has a quota of -2; it must not be negative | --label order=20
    generate mail.yaml -b scripted --label order=4 --label order=2 | --label contains order twice | keep one of them
    generate mail.yaml -n 4 -b llama/x --model y | --backend llama/x and --model name two different models | keep one of the two
    generate https://example.org/mail.yaml -n 4 -b scripted | https://example.org/mail.yaml is a URL, and targen reads only local files | download it first: curl -LO https://example.org/mail.yaml; then pass mail.yaml
    generate mail.yaml -n 4 -b scripted --seeds https://example.org/seeds.txt | seeds file https:/example.org/seeds.txt: it is a URL, not a file | curl -LO https://example.org/seeds.txt; then pass seeds.txt
    validate https://huggingface.co/datasets/me/mail --task mail.yaml | https://huggingface.co/datasets/me/mail is a URL | for a dataset on the Hugging Face Hub: hf:me/mail
    export s3://bucket/rows.csv --task mail.yaml --out e.jsonl | s3://bucket/rows.csv is a URL | download it first, and pass the copy: rows.csv
    validate file:///tmp/rows.csv --task mail.yaml | file:///tmp/rows.csv is a URL | pass the path itself: /tmp/rows.csv
    generate mail.yaml -n 4 -b scripted --out s3://bucket/mail | s3:/bucket/mail is a URL, but targen writes only to local folders | --out FOLDER; then copy the folder there
"""


@pytest.mark.usefixtures("_run")
@pytest.mark.parametrize(("line", "error", "hint"), table(COMMANDS))
def test_a_command(line, error, hint, refuses, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    refuses(line, error, hint)


@pytest.mark.usefixtures("_run")
@pytest.mark.parametrize("words", ["batch export", "batch import", "replay", "report", "resume"])
def test_reviewed_rows_are_no_run(words, refuses):
    line = f"{words} reviewed" + " rows.csv" * (words == "batch import")
    problem = "reviewed contains corrected or reviewed rows, not a run"
    refuses(line, problem, "show, analyze, train, validate and export accept this folder; if a run")


def test_a_model_is_no_run(refuses):
    Path("models/mail").mkdir(parents=True)
    Path("models/mail/model.json").write_text("{}")
    line = "report models/mail"
    hint = "targen evaluate models/mail DATA"
    refuses(line, "models/mail contains a model, not a run", hint)


def test_the_length_of_a_reply_is_no_budget(targen):
    Path("mail.yaml").write_text(MAIL)
    done = targen(*"generate mail.yaml -n 4 -b scripted -q --max-tokens 200".split())
    assert "error: token budget exhausted: 0 of 200 spent" in done.err
    assert "to limit the length of a reply, use -o max_tokens=N" in done.err


# --- a dataset --------------------------------------------------------------

CONTENTS = {
    "wrong.csv": "Text,Category\nWhere is it?,order\n",
    "class.csv": "text,class\nWhere is it?,order\n",
    "extra.csv": "text,label,class\nWhere is it?,order,order\n",
    "noheader.csv": "Where is it?,order\nMoney back,refund\n",
    "unknown.csv": "text,label\nHello there,greeting\n",
    "typo.csv": "text,label\nMoney back,refnd\n",
    "case.csv": "text,label\nWhere is it?,Order\n",
    "numbers.csv": "text,label\nWhere is it?,0\n",
    "ragged.csv": "text,label\na,b,c\n",
    "open.csv": 'text,label\n"Where is it?,order\n',
    "twice.csv": "text,text,label\na,b,order\n",
    "empty.csv": "",
    "header.csv": "text,label\n",
    "latin.csv": "text,label\nWö ist es?,order\n".encode("latin-1"),
    "book.xlsx": "PK",
    "cut.jsonl": '{"text": "a", "label": \n',
    "quotes.jsonl": "{'text': 'a'}\n",
    "list.jsonl": '["a", "order"]\n',
    "broken.json": '[{"text": "a"},]',
    "broken.parquet": "text",
}
DATA = """
    wrong.csv | line 2 does not fit the task mail: text: no such column; the row has Text, Category; if one contains it, rename that column to text
    class.csv | line 2 does not fit the task mail: label: no such column; if class contains it, rename that column
    extra.csv | line 2 does not fit the task mail: class: unknown column
    noheader.csv | line 2 does not fit the task mail: text: no such column; the row has Where is it?, order
    unknown.csv | line 2 does not fit the task mail: label: 'greeting' is not 'order' or 'refund'
    typo.csv | line 2 does not fit the task mail: label: 'refnd' is not 'order' or 'refund'; did you mean refund?
    case.csv | line 2 does not fit the task mail: label: 'Order' is not 'order' or 'refund'; did you mean order?
    numbers.csv | line 2 does not fit the task mail: label: '0' is not 'order' or 'refund'
    ragged.csv | line 2 does not fit the task mail: 3 cells, but the header has 2
    open.csv | line 2 does not fit the task mail: unclosed quotation mark
    twice.csv | twice.csv has two columns with the same name: text, text, label
    empty.csv | empty.csv has no rows
    header.csv | header.csv has no rows
    latin.csv | line 2: byte 0xf6 is not valid UTF-8 | save it as UTF-8, or run: iconv -f cp1252 -t utf-8 latin.csv > utf-8-latin.csv
    book.xlsx | cannot read book.xlsx: it is a spreadsheet | save the sheet as CSV (UTF-8)
    cut.jsonl | line 1 does not fit the task mail: it is not JSON: EOF while parsing a value, column 23
    quotes.jsonl | line 1 does not fit the task mail: it is not JSON: key must be a string, column 2: names and strings need double quotes
    list.jsonl | line 1 does not fit the task mail: it is not an object of the form {COLUMN: VALUE}
    broken.json | cannot read broken.json, line 1: it is not JSON: Expecting value, column 16
    broken.parquet | cannot read broken.parquet: it is not a Parquet file
    nope.csv | there is no file nope.csv
"""


@pytest.mark.parametrize(("name", "error", "hint"), table(DATA))
def test_a_dataset(name, error, hint, refuses):
    Path("mail.yaml").write_text(MAIL)
    text = CONTENTS.get(name)
    if text is not None:
        Path(name).write_bytes(text if isinstance(text, bytes) else text.encode())
    refuses(f"export {name} --task mail.yaml --out rows.jsonl", error, hint)


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_table_of_another_program_is_read(mark, targen):
    Path("mail.yaml").write_text(MAIL)
    text = "text,label\nWhere is it?,order\nMoney back,refund\n".replace(",", mark)
    Path("rows.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert targen("validate", "rows.csv", "--task", "mail.yaml").code == 0
    words = "generate mail.yaml -n 4 -b scripted -q --contexts rows.csv --out run"
    assert targen(*words.split()).code == 0
    assert Path("run/given-contexts.jsonl").read_text() == '"Where is it?"\n"Money back"\n'


def test_what_many_rows_lack_is_said_once(targen):
    Path("mail.yaml").write_text(MAIL)
    rows = {"none.csv": "text,intent\n" + "a,order\n" * 30, "some.csv": "text,label\n"}
    rows["some.csv"] += "a,order\nb,ordr\nc,refund\nd,ordr\n" * 2
    for name, text in rows.items():
        Path(name).write_text(text)
    shown = targen("validate", "none.csv", "--task", "mail.yaml").out
    assert re.search(
        r"2 +0 +30  label: no such column; if intent contains it, rename that column", shown
    )
    assert shown.count("no such column") == 1
    words = "is not 'order' or 'refund'; did you mean order?"
    made = targen("train", "some.csv", "--task", "mail.yaml", "--out", "model")
    said = f"lines 3, 5, 7, …: label: 'ordr' {words}"
    assert made.code == 0 and made.err.count(f"warning: some: 4 lines skipped; {said}") == 1
    compared = ("compare", "some.csv", "--task", "mail.yaml", "--test", "some.csv")
    for tested in (("evaluate", "model", "some.csv"), compared):
        done = targen(*tested)
        assert done.code == 2 and f"error: some: 4 lines not scored; {said}" in done.err
        assert "correct or remove these lines; run targen validate some.csv --task" in done.err
    Path("good.csv").write_text("text,label\nOh,order\nAh,refund\n" * 1)
    done = targen("compare", "some.csv", "--task", "mail.yaml", "--test", "good.csv")
    assert done.code == 0 and done.err.count("lines skipped") == 1


# --- a service --------------------------------------------------------------

E = OPENAI.fault
ANSWERS = {
    "401": Response(E("Incorrect API key provided", "invalid_api_key"), 401),
    "firewall": Response("<html><title>Access\n denied</title><p>Log in</html>", 403),
    "proxy": Response("Proxy Authentication Required", 407),
    "large": Response("<html><title>413 Request Entity Too Large</title></html>", 413),
    "field": Response({"detail": [{"loc": ["body", "response_format"], "msg": "forbidden"}]}, 422),
    "gateway": Response("<!DOCTYPE html><title>502 Bad Gateway</title>", 502),
    "stream": Response("data: {}\n\n", 200, {"Content-Type": "text/event-stream"}),
    "404-model": Response(E("The model does not exist", "model_not_found"), 404),
    "404-page": Response("404 page not found", 404),
    "405": Response({"detail": "Method Not Allowed"}, 405),
    "402": Response({"error": {"message": "Insufficient credits"}}, 402),
    "429": Response(E("Rate limit reached", "rate_limit_exceeded"), 429),
    "quota": Response(E("You exceeded your current quota", "insufficient_quota"), 429),
    "500": Response(E("boom", ""), 500),
    "page": Response("<!DOCTYPE html><title>Log in</title>", 200, {"Content-Type": "text/html"}),
    "empty": Response("", 200),
    "other": Response({"hello": "world"}, 200),
    "schema": Response(E("response_format is not supported", ""), 400),
    "temperature": Response(
        E("'temperature' does not support 0 with this model. Only the", ""), 400
    ),
    "max_tokens": Response(E("Unsupported parameter: 'max_tokens' is not supported", ""), 400),
    "seed": Response({"detail": "property 'seed' is unsupported"}, 400),
    "long": Response(E("maximum context length is 512 tokens", "context_length_exceeded"), 400),
    "loading": Response({"error": {"message": "Loading model"}}, 503),
    "moved": Response("", 301, {"Location": "https://llm.example/v1/chat/completions"}),
    "blank": Response(OPENAI.answer("", "stop"), 200),
    "chatter": Response(OPENAI.answer("Sure! Here they are: shoes, hats", "stop"), 200),
}
SERVICES = """
    401 | HTTP 401: Incorrect API key provided | set TARGEN_LLAMA_API_KEY to a key with access to this model
    firewall | HTTP 403: a web page: Access denied | a proxy or firewall answered, not the service: HTTPS_PROXY and HTTP_PROXY set a proxy, and
    proxy | HTTP 407: Proxy Authentication Required | a proxy or firewall answered, not the service
    large | HTTP 413: a web page: 413 Request Entity Too Large | raise the server's request size limit, such as client_max_body_size in nginx
    field | HTTP 422: {"detail": [{"loc": ["body", "response_format"] | -o structured=json_object, or -o structured=none, requests JSON in a different way
    gateway | no answer from the service within 0.2 s of retrying: HTTP 502: a web page: 502 Bad Gateway | run the same command again when the service is back, or with a larger --max-outage
    stream | no answer from the service within 0.2 s of retrying: the answer is not JSON but 10 bytes (text/event-stream) | the service streams its answer, which targen did not request; turn off streaming in the service; run the same command again when
    404-model | HTTP 404: The model does not exist (POST URL/v1/chat/completions, model tinny) | did you mean tiny? the server has tiny, large
    404-page | HTTP 404: 404 page not found (POST URL/v1/chat/completions, model tinny) | did you mean tiny? the server has tiny, large
    405 | HTTP 405: Method Not Allowed | is --base-url the address of the API?
    402 | HTTP 402: Insufficient credits | the account is out of credit; see its billing page, then run the same command again
    429 | no answer from the service within 0.2 s of retrying: HTTP 429: Rate limit reached | lower --concurrency, or set --rpm and --tpm to the account's limits; run the same command again when the service is back, or with
    quota | HTTP 429: You exceeded your current quota | the account is out of credit; see its billing page, then run the same command again
    500 | no answer from the service within 0.2 s of retrying: HTTP 500: boom | run the same command again when the service is back, or with a larger --max-outage
    page | no answer from the service within 0.2 s of retrying: the answer is not JSON but 36 bytes | check that --base-url is the address of the API, not of a web page; run the same command again when the service is back, or with a
    empty | no answer from the service within 0.2 s of retrying: the answer is empty instead of JSON | check that --base-url is the address of the API, not of a web page; run the same command again when the service is back, or
    other | no answer from the service within 0.2 s of retrying: the answer is not a chat completion: it | check that --base-url is the address of an API for chat completions; run the same command again when the service is back, or
    schema | HTTP 400: response_format is not supported | -o structured=json_object, or -o structured=none, requests JSON in a different way
    temperature | HTTP 400: 'temperature' does not support 0 with this model. Only the | -o temperature=1, or --backend chatgpt/MODEL --base-url URL supports models that reason: it sends max_completion_tokens and no sampling parameters
    max_tokens | HTTP 400: Unsupported parameter: 'max_tokens' is not supported | --backend chatgpt/MODEL --base-url URL supports models that reason
    seed | HTTP 400: property 'seed' is unsupported | -o seeded=false stops sending a seed
    long | HTTP 400: maximum context length is 512 tokens | lower -o max_tokens=N, or serve the model with a longer context
    loading | no answer from the service within 0.2 s of retrying: HTTP 503: Loading model | run the same command again when the service is back, or with a larger --max-outage
    moved | HTTP 301: the address redirects to https://llm.example/v1/chat/completions | set --base-url to that address
    blank | labels order, refund have 0 of 1 rows each: no reply for the list of contexts could be used (contexts: malformed-reply, 2 times; the model's last reply was empty) | use a model that returns text (if this one reasons first, raise -o max_tokens=N), or give your own --contexts or --seeds;
    chatter | labels order, refund have 0 of 1 rows each: no reply for the list of contexts could be used (contexts: malformed-reply, 2 times; the model replied 'Sure! Here they are: shoes, hats') | use a different model, since this one does not follow the prompt, or give your own --contexts or --seeds; the same command requests
"""


@pytest.mark.parametrize(("name", "error", "hint"), table(SERVICES))
def test_a_service(name, error, hint, targen):
    Path("mail.yaml").write_text(MAIL)
    with FaultServer(ANSWERS[name], models=("tiny", "large")) as service:
        address = f"--base-url {service.url}/v1 --max-outage 0.2"
        done = targen(*f"generate mail.yaml -n 2 -b llama --model tinny -q {address}".split())
    shown = done.err.replace(service.url, "URL")
    assert done.code == 1
    assert f"error: {error}" in shown
    assert f"  try: {hint}" in shown


ADDRESSES = """
    http://HOST | HTTP 404: Not Found (POST http://HOST/chat/completions, model tiny) | --base-url http://HOST/v1
    https://HOST/v1 | no connection to https://HOST/v1/chat/completions: the server does not use https | --base-url http://HOST/v1
    http://HOST/v1/chat | HTTP 404: Not Found (POST http://HOST/v1/chat/chat/completions, model tiny) | --base-url http://HOST/v1
    http://HOST/v1/v1 | HTTP 404: Not Found (POST http://HOST/v1/v1/chat/completions, model tiny) | --base-url http://HOST/v1
    http://HOST/api | HTTP 404: Not Found (POST http://HOST/api/chat/completions, model tiny) | is the model name right? --base-url usually ends in /v1
    http://127.0.0.1:9/v1 | no connection to http://127.0.0.1:9/v1/chat/completions: no server is listening there | is the server running, and is --base-url right?
    http://nosuch.invalid/v1 | no connection to http://nosuch.invalid/v1/chat/completions: the host nosuch.invalid was not found, or there is no network | is the server running
"""


@pytest.mark.parametrize(("address", "error", "hint"), table(ADDRESSES))
def test_an_address(address, error, hint, targen):
    with FaultServer(Response({"detail": "Not Found"}, 404), models=("tiny",)) as service:
        host = service.url.removeprefix("http://")
        address = address.replace("HOST", host)
        done = targen("backends", "check", "llama", "--model", "tiny", "--base-url", address)
    shown = done.err.replace(host, "HOST")
    assert done.code == 1
    assert f"error: {error}" in shown
    assert f"  try: {hint}" in shown


def test_a_server_that_hangs_up_when_asked_for_https(targen):
    async def hang_up(reader, writer):
        await reader.read(1)
        writer.transport.abort()

    async def check():
        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        async with server:
            host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
            words = ("backends", "check", "llama", "--model", "tiny", "--base-url")
            return host, await asyncio.to_thread(targen, *words, f"https://{host}/v1")

    host, done = asyncio.run(check())
    assert "the server closed the connection when targen used https" in done.err
    assert f"  try: if it uses plain http: --base-url http://{host}/v1" in done.err


def test_a_proxy_that_does_not_answer(targen, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    done = targen(*"backends check llama --model m --base-url http://llm.invalid/v1".split())
    assert "the proxy in HTTPS_PROXY or HTTP_PROXY does not answer" in done.err
    assert (
        "  try: is the proxy's address right? NO_PROXY lists hosts that need no proxy" in done.err
    )


@pytest.mark.parametrize("key", ["sk-a\nsk-b", "Bearer sk-a", "sk-á"])
def test_a_key_that_no_key_can_be(key, targen, monkeypatch):
    monkeypatch.setenv("TARGEN_LLAMA_API_KEY", key)
    done = targen(*"backends check llama --model m --base-url http://127.0.0.1:9/v1".split())
    assert "the key from TARGEN_LLAMA_API_KEY contains a space, a line break or a" in done.err
    assert "  try: give only the key, without quotes, a name or a comment" in done.err
    assert "sk-" not in done.err


def test_a_key_in_the_variable_of_another_service(targen, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-openai")
    with FaultServer(ANSWERS["401"]) as service:
        done = targen(
            "backends", "check", "llama", "--model", "m", "--base-url", f"{service.url}/v1"
        )
    assert "set TARGEN_LLAMA_API_KEY to a key" in done.err
    assert "(OPENAI_API_KEY is set, but is not used for this service)" in done.err
    assert "sk-of-openai" not in done.err


# --- Python -----------------------------------------------------------------

PYTHON = """
    tg.generate("mail", n=4, model="scripted") | no task named 'mail' is installed | did you mean the file mail.yaml?
    tg.generate("rte", 4) | generate() got too many positional arguments | pass arguments after task by keyword, such as generate(task, n=…)
    tg.compare(["run"], "rows.csv") | compare() is missing a required argument: 'test' |
    tg.compare("run", tests="rows.csv") | compare() has no keyword 'tests' | did you mean test?
    tg.preview("rte", labels={"entailment": 1}, model="scripted") | preview() has no keyword 'labels' | its keywords: task, n, variants, model
    tg.export("run", "csv", out="rows") | export() got multiple values for argument 'out' | pass arguments after out by keyword, such as
    tg.generate(n=4) | generate() is missing a required argument: 'task'
    tg.generate("rte", n="4", model="scripted") | n is '4' | pass a whole number of rows, such as n=100
    tg.generate("rte", num=4, model="scripted") | the number of rows is missing | did you mean n instead of num?
    tg.generate("rte", n=4, modle="scripted") | generate() has no keyword 'modle' | did you mean model?
    tg.generate("rte", n=4, backend="scripted") | generate() has no keyword 'backend' | did you mean model?
    tg.generate("rte", n=4, model="gpt-5") | no backend named 'gpt-5' is installed | give the backend and its model: model="chatgpt/gpt-5"; see: targen list-backends
    tg.generate("rte", n=4, model=print) | model: builtin_function_or_method is neither a targen ChatModel nor a | an object of your own class must have the methods of targen_core.ChatModel
    tg.generate("rte", n=4, model=tg.ChatModel) | model: ChatModel is a class; pass an instance, such as ChatModel(...) |
    tg.generate("rte", n=4, model="scripted", contexts="no.txt") | contexts file no.txt: No such file or directory | pass a file with one item per line, or a list
    tg.resume("nope") | no run directory nope | pass a Run, or the path of a run
    tg.generate("rte", n=4, model="scripted", max_cost="5") | max_cost is '5' | pass a number
    tg.generate("rte", labels=["a"], model="scripted") | labels is ['a'] | pass a whole number of rows for each label, such as labels={"yes": 40}
    tg.generate("rte", n=4, labels={"entailment": 2}, model="scripted") | give the number of rows in exactly one way | n=100, or preset="paper", or labels={"entailment": 40}
    tg.generate("rte", n=4, model="scripted", contexts=[1]) | contexts, item 1: 1 is not of type str
    tg.generate("mail.yaml", n=4, model="scripted", examples=["Where?"] * 4 + [""]) | examples: the given data has 4 rows that can serve as examples, but at least 5 are needed: 1 empty (row 5) | mail has these labels: order, refund
    tg.generate("mail.yaml", n=4, model="scripted", examples=[{"text": "Where?", "label": "order"}] * 4 + [{"text": "b", "label": "refnd"}]) | 1 with an unknown label, 'refnd' (row 5) | mail has these labels: order, refund
    tg.generate("mail.yaml", n=4, model="scripted", examples=["Where?", 3]) | examples: the given data, row 2: 3 is not text, but other rows are | a list of texts, or of mappings
    tg.generate(tg.Declaration(description="x", labels={"a": "y", "b": "x"}, checks=["typo"]), n=4, model="scripted") | declaration: checks.0: no check named 'typo' is installed | targen list-checks
    tg.generate("mail.yaml", n=4, model="scripted", examples=[]) | examples: the given data has no rows
    tg.generate("mail.yaml", n=4, model="scripted", exclude=[{"txt": "x"}]) | exclude: dataset 1 has no text in any of the columns of mail | rename its columns to match the task's
    tg.generate("mail.yaml", n=4, model="scripted", exclude=[{"text": "x"}, 3]) | exclude, item 1: dict is not a dataset: pass a path or rows
    tg.generate("rte", n=4, model="scripted", contexts=[]) | contexts is empty
    tg.generate("rte", n=4, model="llama") | the llama backend needs a model name | model="llama/NAME"
    tg.generate({"description": "x"}, n=4, model="scripted") | task: dict is not a task | targen_core.Declaration(**TASK)
    tg.generate("Mails to a shop", n=4, model="scripted") | no task named 'Mails to a shop' is installed | to describe a task, create a file with targen init-task --blank
    tg.Declaration(description="x", labels=["a", "b"]) | declaration: labels: it is a list, but each label needs a definition | labels={"a": "what makes a row belong to this label", "b": "what makes a
    tg.Declaration(labels={"a": "b"}) | declaration: description: it is missing | description="what a row is, in a sentence"
    tg.Declaration(description="x", labels={"a": "b"}, examples=["one", "two"]) | declaration: examples: it is a list, not a file of real rows | examples=FILE; in a program: generate(..., examples=[...])
    tg.Declaration(description="x", labels={"a": "b"}, profile=tg.profile([f"text {n} here" for n in range(24)])) | declaration: profile: it must be a profile, not the whole result of profile() | profile=PROFILED.profile
    tg.Declaration({"description": "x"}) | declaration: pass its keys as keyword arguments, not as a dict | Declaration(**KEYS), or Declaration.from_file(PATH)
    tg.generate(tg.Declaration, n=4, model="scripted") | task: Declaration is not a task | pass an instance, such as Declaration(...)
    tg.generate(["a"], n=4, model="scripted") | task: list is not a task | pass a name, a file's path, a Task or a Declaration
    tg.generate("mail.yaml", n=4, model="scripted", seeds={"a": 1}) | seeds is {'a': 1} | a file, or a list of items, such as seeds=["a lost parcel"]
    tg.generate("mail.yaml", n=True, model="scripted") | n is True | pass a whole number of rows, such as n=100
    tg.generate("mail.yaml", labels={"oder": 4}, model="scripted") | task mail has no label 'oder' | did you mean order?
    tg.generate("mail.yaml", n=4, model="scripted", out=3) | 3 is not a path | pass a path, such as "runs/rte-0"
    tg.Declaration(description="x", labels={"a": "b"}).model_copy(update={"label": {}}) | declaration: label: unknown key | did you mean labels
    tg.Declaration(description="x", labels={"a": "b"}).model_copy(update={"labels": ["a"]}) | declaration: labels: it is a list, but each label needs a definition | labels={"a": "what makes
    tg.train("run", options={"epochs": 3}) | tfidf has no option epochs |
    tg.analyze("run", out="run") | run is a run directory, which must contain only the run's files | choose a different out=...
    tg.export("run", "x.xlsx") | no exporter named 'xlsx' is installed | one of:
    tg.revise("run", "mail.yaml", judge="some") | judge="some": no such choice | use "all" or "changed"
    tg.train([{"text": "x", "label": "a"}]) | rows does not state which task its rows belong to | task="NAME", or a task file; see targen list-tasks
    tg.train([{"text": "x", "label": "oder"}], task="mail.yaml") | rows does not contain any rows of mail | run targen_core.validate(ROWS, task="mail.yaml")
    tg.evaluate("rows.csv", "model") | rows.csv is a file, not a model's folder | targen_core.evaluate(MODEL, DATA), with a MODEL from targen_core.train(DATA)
    tg.profile(["a b"] * 24, temperature=1) | options for a model were given, but no model | pass model="BACKEND/NAME"
    tg.review([{"text": "a"}]) | data is a list, but targen stores a review next to its data | pass a run, or the path of a run or of a file with rows
    tg.load("rn") | no run directory rn | did you mean run?
    tg.export("run", "run/dataset.jsonl", force=True) | is in the run directory itself | choose a different out=..., such as one in run/exports
    tg.read_dataset("rows.csv") | rows.csv does not state which task its rows belong to | pass task="NAME", or a task file; see targen list-tasks
    tg.correct([], task="rte", model="scripted") | the given data has no rows
    tg.correct([{"txt": "x"}], task="rte", model="scripted") | the given data, row 1 does not fit the task rte: premise: no such column; the row has txt |
    tg.resume("run", n=2) | label order: 1 rows requested, but the run's target is 2 | a run can only grow; to get a smaller one, generate it with a different out=...
    tg.resume("run", task=tg.Declaration(description="x", labels={"a": "b"})) | the run run has its own copy of its task, so do not pass a Declaration | omit task=; to change the task:
    tg.show_progres("run") | module 'targen_core' has no attribute 'show_progres'
    tg.generat("rte") | module 'targen_core' has no attribute 'generat'; did you mean generate or agenerate or InverseGenerator?
"""


@pytest.mark.usefixtures("_run")
@pytest.mark.parametrize(("call", "error", "hint"), table(PYTHON))
def test_a_call(call, error, hint, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises((tg.TargenError, AttributeError)) as caught:
        eval(call)
    assert error in str(caught.value)
    assert hint in getattr(caught.value, "hint", "")
    assert not Path("runs").exists()


# --- no mistake, but worth a word ---------------------------------------------


def test_the_small_model_is_never_asked_silently(targen, caplog, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    Path("mail.yaml").write_text(MAIL)
    done = targen("generate", "mail.yaml", "-n", 4, "--dry-run")
    assert "no backend was given, so targen uses local, a small model for trying things" in done.err
    wrong = ("-n 0", "-n 4 --out mail.yaml", "-n 4 --contexts no.csv")
    for line in [f"generate mail.yaml {each}" for each in wrong] + ["preview mal.yaml"]:
        done = targen(*line.split())
        assert done.code == 2 and "so targen uses local" not in done.err
    for asks_nothing in ({"modle": object()}, {"modle": "scripted"}):
        with pytest.raises(tg.UsageError) as caught:
            tg.generate("mail.yaml", n=4, **asks_nothing)
        assert caught.value.__cause__ is None and caught.value.__suppress_context__
    assert targen("describe", "mail.yaml", "--prompts").code == 0
    assert "no model was given" not in caplog.text
    registry = tg.load_registry()
    local = registry.find("backend", "local")
    others = [each for each in registry.everything() if each is not local]
    scripted = replace(registry.find("backend", "scripted"), name="local")
    tg.generate("mail.yaml", n=4, registry=tg.Registry([*others, scripted]))
    assert 'no model was given, so targen uses "local"' in caplog.text


def test_a_task_for_which_the_small_model_is_too_small(caplog, monkeypatch):
    from targen_backends.local.backend import BACKEND, LocalOptions

    said = BACKEND.caveat(LocalOptions(), 5)
    assert "It is too small for 5 labels" in said
    assert BACKEND.caveat(LocalOptions(), 2) == ""
    assert BACKEND.caveat(LocalOptions(model="mine.gguf"), 5) == ""


def test_fewer_rows_than_labels(targen):
    Path("mail.yaml").write_text(MAIL)
    done = targen("generate", "mail.yaml", "-n", 1, "-b", "scripted", "-q")
    assert 'note: 1 row for 2 labels: label "refund" gets no rows' in done.err


@pytest.mark.parametrize("counts", ["-n 1", "--label order=3"])
def test_rows_of_one_label(counts, targen, caplog):
    Path("mail.yaml").write_text(MAIL)
    assert targen("generate", "mail.yaml", *counts.split(), "-b", "scripted", "-q").code == 0
    assert "order is the only label that gets rows, so no classifier can learn" in caplog.text


def test_a_task_of_one_label(caplog, alone, targen):
    Path("one.yaml").write_text("description: Mails.\nlabels:\n  order: where is it\n")
    said = "order is the only label, so there are no shares to balance, step 4 can only reject rows, and "
    for words in ("preview one.yaml", "generate one.yaml -n 2 -q --out run"):
        caplog.clear()
        assert targen(*words.split(), "-b", "scripted").code == 0
        assert caplog.text.count(said + "no classifier can learn from such a dataset") == 1


def test_tasks_without_a_name_have_runs_of_their_own(caplog, alone):
    labels = {"order": "where is it", "refund": "money back"}
    mails = tg.Declaration(description="Mails.", labels=labels)
    jokes = tg.Declaration(description="Jokes.", labels={"funny": "a laugh", "flat": "none"})
    runs = [tg.generate(each, n=2, model="scripted", progress=False) for each in (mails, jokes)]
    assert [str(run.path) for run in runs] == ["runs/order-refund-0", "runs/funny-flat-0"]
    assert "another run" not in caplog.text
    more = tg.Declaration(description="Mails.", labels={"advice": "a question", **labels})
    changes = tg.plan_revision(runs[0], more, labels={"advice": 1}).changes
    assert [each.name for each in changes] == ["labels.advice.definition", "rows.advice"]


def test_a_dry_run_names_the_examples(works):
    Path("mail.yaml").write_text(MAIL)
    Path("own.csv").write_text("message,intent\n" + "where is it now,order\n" * 6)
    done = works(
        "generate", "mail.yaml", "-n", 4, "-b", "scripted", "--examples", "own.csv", "--dry-run"
    )
    assert "own.csv would be used and copied into the run directory" in done.out


def test_it_is_said_once_which_columns_hold_the_examples(works, caplog):
    Path("mail.yaml").write_text(MAIL)
    rows = [f"where is my parcel {n},order\nmy money back for {n},refund\n" for n in "abcd"]
    Path("own.csv").write_text("message,intent\n" + "".join(rows))
    for start in ("profile own.csv", "generate mail.yaml -n 4 -b scripted -q --examples own.csv"):
        works(*start.split(), *(("--out", "run") if "generate" in start else ()))
        assert "own.csv: text: message, label: intent" in caplog.text
        caplog.clear()
    for later in ("resume run -n 6 -q", "replay run --out again", "show run", "export run"):
        works(*later.split())
        assert "text: message" not in caplog.text
