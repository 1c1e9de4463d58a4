"""Parts of a declaration that do not fit together."""

from __future__ import annotations

import pytest
import yaml

from targen_core.errors import UsageError

from ...tables import table

SAMPLE = {"input": "Some note.", "output": "calm", "actual": "alarm", "explanation": "it is"}

FAULTS = table(r"""
    # keys of the declaration | what is said | and the hint
    fields: {a b: x} | fields.a b: a field name has only letters
    fields: {class: x} | fields.class: a field name
    fields: {a: {type: enum}} | an enum needs at least two values | values:
    fields: {a: {values: [x, y]}} | only an enum has values | type: enum
    fields: {a: {range: [1, 2]}} | only an int has a range | type: int
    fields: {a: {type: int, words: 3}} | fields.a.words: this check is only for text | type: str
    contexts: none, seeds: none | a task needs contexts, seeds or both
    seeds: {words: [9, 3]} | seeds.words: the minimum is above the maximum | words:
    seeds: {field: txt} | seeds.field: no field 'txt' | did you mean text?
    seeds: {field: text} | the seed is the only field | add a field
    seeds: {file: a.txt} | a file needs the folder | from_file
    fields: {n: {type: int}, t: ''}, seeds: {field: n} | the field n is not text | type: str
    labels: {a: {definition: x, value: b}, b: y} | labels.b.value: a already has that | another
    samples: [{actual: clam}] | samples.0.actual | calm
    samples: [{input: {txt: a}}] | unknown field | text
    samples: [{}], fields: {a: x, b: y} | samples.0.input: a row has several fields | a: …
    samples: [{input: {a: x}}], fields: {a: x, b: y} | samples.0.input: the field b is miss | b: …
    samples: [{input: 3}] | samples.0.input.text
    presets: {p: 0} | presets.p: 0 rows | 1 or more
    presets: {p: {calm: -1}} | presets.p.calm: -1 rows | 0 or more
    parameters: {generate: {temprature: 1}} | generate.temprature: no such param | temperature
    parameters: {generate: {temperature: hot}} | temperature=hot: it must be a number
    prompts: {contexts: Say $cont not $have.} | prompts.contexts: unknown placeholder $cont | count?
    prompts: {contexts: Say $count.} | $have | add $have
    prompts: {seeds: $count $have} | prompts.seeds: $context
    labels: {a: {definition: x, prompt: Write.}, b: y} | labels.a.prompt: $seed | add $seed
    prompts: {contexts: "--- robot\n\n$count $have"} | section 'robot' | --- system
""")


@pytest.mark.parametrize(("text", "message", "hint"), FAULTS)
def test_it_is_refused_with_its_key(text, message, hint, declared):
    keys = yaml.safe_load(f"{{{text}}}")
    if "samples" in keys:
        keys["samples"] = [SAMPLE | sample for sample in keys["samples"]]
    with pytest.raises(UsageError) as caught:
        declared(**keys).task()
    assert message in str(caught.value)
    assert hint in caught.value.hint
