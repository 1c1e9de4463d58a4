"""Token probabilities: what is asked of each service, and what is read of its answers."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from targen_backends.chatgpt.batch import ChatGptBatches
from targen_backends.chatgpt.client import ChatGptModel
from targen_backends.scores import read_tokens as read_or_say
from targen_core.errors import ServiceError
from targen_testing.fault_server import Response

from .providers import together


def entry(token, logprob=-0.5, top=(), **more):
    raw = [*token.encode("utf-8", "replace")]
    return {"token": token, "bytes": raw, "logprob": logprob, "top_logprobs": top} | more


def entries(*tokens):
    return [entry(token, -float(n)) for n, token in enumerate(tokens, 1)]


@pytest.fixture
def scored(request_of):
    return lambda top=2, **more: replace(request_of(**more), top_logprobs=top)


def texts(tokens):
    return [token.text for token in tokens]


def read_tokens(*given):
    tokens, problem = read_or_say(*given)
    assert problem == ""
    return tokens


# --- reading ---


def test_tokens_have_their_likeliest_first(scored):
    top = [entry("no", -2.0), entry("yes", -0.5), entry("well", -3.0)]
    (token,) = read_tokens({"content": [entry("yes", top=top)]}, scored(), "yes", "yes")
    assert (token.text, token.logprob) == ("yes", -0.5)
    assert token.top == (("yes", -0.5), ("no", -2.0))  # two were asked for


@pytest.mark.parametrize(
    ("tokens", "raw", "text", "kept"),
    [
        (["Vol", "ga", ""], "Volga", "Volga", ["Vol", "ga"]),  # the token that ends it
        (["Vol", "ga", "<|im_end|>"], "Volga", "Volga", ["Vol", "ga"]),
        (["```", "json\n", "{", "}", "\n```"], "{}", "{}", ["{", "}"]),
        (["<think>", "Volga", "?</think>", " ", "Vol", "ga"], None, "Volga", ["Vol", "ga"]),
        # Those that make up something else are cut behind the reasoning alone.
        (["<think>", "�", "</think>", "V�", "o"], "<think>🙂</think>V🙂o", "V🙂o", ["V�", "o"]),
        (["V�", "o"], "V🙂o", "V🙂o", ["V�", "o"]),
    ],
)
def test_what_is_not_kept_of_a_reply_has_no_tokens(scored, tokens, raw, text, kept):
    raw = "".join(tokens) if raw is None else raw
    assert texts(read_tokens(entries(*tokens), scored(), raw, text)) == kept


FORM = "an unexpected format"


@pytest.mark.parametrize(
    ("listed", "words"),
    [
        *((odd, FORM) for odd in ("yes", {"content": 7}, [None])),
        ([entry("y"), {"token": "es"}], FORM),
        ([entry("y"), entry("es", None)], "the invalid log-probability null"),
        ([entry("yes", 0.5)], "the invalid log-probability 0.5"),
        ([entry("yes", "-1")], 'the invalid log-probability "-1"'),
        ([entry("yes", bytes=[300])], FORM),
        ([entry("yes", bytes=None) | {"token": 7}], FORM),
        ([entry("yes", top=[entry("no", None)])], "the invalid log-probability null"),
        *(([entry("yes", top=odd)], FORM) for odd in ([{}], 7)),
    ],
)
def test_what_is_wrong_with_a_reply_s_tokens_is_said_in_their_place(scored, listed, words):
    tokens, problem = read_or_say(listed, scored(), "yes", "yes")
    assert tokens == () and words in problem


# --- services ---


def test_lines_of_a_batch_have_them(services, scored):
    codec = ChatGptBatches(ChatGptModel("http://127.0.0.1:9/v1", "tiny"))
    request = replace(scored(), key="k1")
    assert json.loads(codec.encode(request))["body"]["top_logprobs"] == 2
    body = services["llama"].good("Volga")
    body["choices"][0]["logprobs"] = {"content": entries("Vol", "ga")}
    line = json.dumps({"custom_id": "k1", "response": {"status_code": 200, "body": body}}).encode()
    key, reply = codec.decode(line, {"k1": request})
    assert (key, texts(reply.tokens)) == ("k1", ["Vol", "ga"])
    assert codec.decode(line, {})[1].tokens == ()  # nobody asked for them
    asyncio.run(codec.aclose())


@pytest.mark.parametrize(
    "words",
    [
        "logprobs are not supported with reasoning models.",
        "You are not allowed to request logprobs from this model",
        "Invalid value for 'top_logprobs': 20 is more than 5",
    ],
)
def test_a_service_that_refuses_them_ends_the_run_with_a_way_out(call, services, scored, words):
    fault = Response(services["chatgpt"].fault(words), 400)
    with pytest.raises(ServiceError, match=words[:20]) as caught:
        call(services["chatgpt"], fault, scored())
    assert "--backend-for STEP=" in caught.value.hint


# --- the embedded model ---


def test_the_next_token_of_a_reply_that_has_begun(local_model, scored):
    def following(begun, top=3):
        request = scored(top, max_tokens=1, temperature=0.0)
        turn = (type(request.messages[0])("assistant", begun),) if begun else ()
        messages = (*request.messages, *turn)
        return replace(request, messages=messages, next_token=True)

    whole = together(local_model, scored(3, temperature=0.0))[0]
    assert whole.finish == "stop"
    begun = [whole.text[: sum(len(t.text) for t in whole.tokens[:n])] for n in range(3)]
    alone = [together(local_model, following(text))[0] for text in begun]
    for reply, token in zip(alone, whole.tokens, strict=False):
        assert reply.text == token.text == reply.tokens[0].top[0][0]
        assert reply.tokens[0].logprob == pytest.approx(token.logprob, abs=0.01)
    assert together(local_model, *map(following, reversed(begun)))[::-1] == alone
    (end,) = together(local_model, following(whole.text))
    assert (end.text, end.tokens[0].top[0][0], end.finish) == ("", "", "stop")
    spaced = dict(together(local_model, following(f"{begun[2]} ", 1000))[0].tokens[0].top)
    assert spaced != dict(together(local_model, following(begun[2], 1000))[0].tokens[0].top)


def test_a_given_text_has_the_probabilities_that_it_has_when_it_is_written(local_model, scored):
    written = together(local_model, scored(1, temperature=0.0, max_tokens=8))[0]
    given = together(local_model, replace(scored(1), given=written.text))[0]
    assert (given.text, given.finish, given.output_tokens) == (written.text, "stop", 8)
    assert texts(given.tokens) == texts(written.tokens)
    for one, other in zip(given.tokens, written.tokens, strict=True):
        assert one.logprob == pytest.approx(other.logprob, abs=0.01)
