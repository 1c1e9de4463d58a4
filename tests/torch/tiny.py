"""Small models of random weights, one of each kind, with a tokenizer of the tests' words."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from pathlib import Path
from typing import Any

_MARKS = ("<pad>", "</s>", "<s>", "<unk>", "<mask>")
_WORDS = """
    good bad odd lovely bright kind splendid awful broken dull horrid purple sideways square
    upstairs lamp boat garden letter bridge coat song kitchen The the by is A a number
    praise blame right wrong choice1 choice2 premise choice text about question Output
    Premise : . , ? ! ) ( [ ] _ true false What was the cause of this happened as result
    entailment not neutral contradiction and mood
""".split()


TASK = """
description: A sentence about a thing.
labels:
  praise: the sentence speaks well of the thing
  blame: the sentence speaks ill of the thing
"""
WORDS = {"praise": ("lovely", "bright", "kind"), "blame": ("awful", "broken", "dull")}
SYLLABLES = [f"{a}{b}{c}" for a in "bdgklmnprst" for b in "aeiou" for c in "lmnrst"]


@functools.cache
def tiny(kind: str) -> Path:
    """The folder of a model: "encoder", "encoder-decoder" or "decoder"; the same each time.

    They are RoBERTa, T5 and Llama; other decoders are "gpt_neox", "gpt2" and "mistral".
    """
    import torch
    import transformers

    above = tempfile.mkdtemp(prefix="targen-tiny-")
    atexit.register(shutil.rmtree, above, ignore_errors=True)
    folder = Path(above) / kind
    tokenizer = _tokenizer(kind)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = _model(kind, transformers, len(tokenizer))
    transformers.utils.logging.disable_progress_bar()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _tokenizer(kind: str) -> Any:
    import tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = [chr(at) for at in range(33, 127)]
    vocabulary = {word: at for at, word in enumerate(dict.fromkeys((*_MARKS, *_WORDS, *letters)))}
    words = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, "<unk>"))
    words.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    ends = [("<s>", 2), ("</s>", 1)]
    shapes = {
        "encoder": {"single": "<s> $A </s>", "pair": "<s> $A </s> </s> $B </s>"},
        "encoder-decoder": {"single": "$A </s>"},
        "decoder": {"single": "<s> $A"},
    }
    words.post_processor = tokenizers.processors.TemplateProcessing(
        special_tokens=ends, **shapes.get(kind, shapes["decoder"])
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=words,
        model_max_length=96,
        pad_token="<pad>",
        eos_token="</s>",
        bos_token="<s>",
        unk_token="<unk>",
        model_input_names=["input_ids", "attention_mask"],
    )


SIZE = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
}
UNDROPPED = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
T5 = {"d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 2, "num_heads": 2, "dropout_rate": 0.0}
GPT2 = {"n_embd": 32, "n_layer": 2, "n_head": 2, "n_inner": 64, "n_positions": 96}


def _model(kind: str, transformers: Any, size: int) -> Any:
    ids = {"vocab_size": size, "pad_token_id": 0, "eos_token_id": 1}
    if kind == "encoder-decoder":
        config = transformers.T5Config(**T5, **ids, decoder_start_token_id=0)
        return transformers.T5ForConditionalGeneration(config)
    ids["bos_token_id"] = 2
    if kind == "encoder":
        places = {"max_position_embeddings": 97, "type_vocab_size": 1}
        config = transformers.RobertaConfig(**SIZE, **UNDROPPED, **places, **ids)
        return transformers.RobertaModel(config)
    if kind == "gpt2":
        return transformers.GPT2LMHeadModel(transformers.GPT2Config(**GPT2, **ids))
    name, more = {
        "decoder": ("Llama", {"num_key_value_heads": 2}),
        "mistral": ("Mistral", {"num_key_value_heads": 2}),
        "gpt_neox": ("GPTNeoX", {}),
    }[kind]
    config = getattr(transformers, f"{name}Config")(
        **SIZE, **more, **ids, max_position_embeddings=96
    )
    return getattr(transformers, f"{name}ForCausalLM")(config)
