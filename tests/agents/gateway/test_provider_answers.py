"""What the simulated provider answers: functions of the request, in the form that was asked for."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoevol.agents.gateway.errors import UsageError
from autoevol.agents.gateway.simulated.provider.acting import act
from autoevol.agents.gateway.simulated.provider.answers import tokens_of, write
from autoevol.agents.gateway.simulated.provider.asked import Asked, Form, Refused, read
from autoevol.agents.gateway.simulated.provider.counting import went_on
from autoevol.agents.gateway.simulated.provider.draws import Distribution, distribution, share
from autoevol.agents.gateway.simulated.provider.faults import Faults
from autoevol.agents.gateway.simulated.provider.scored import pieces, scores
from autoevol.agents.gateway.simulated.provider.settings import (
    ProviderSettings,
    by_call,
    changes_of,
    fault_rates,
    with_knobs,
)

LENGTH = Distribution("fixed", 50.0)
TAGS = "Answer in this form:\n<plan>in a few words</plan>\n<evolved>the complete new text</evolved>"
METHOD = "1. Think.\n2. Write."


def asked(*turns: str, form: Form = "chat", **fields: object) -> Asked:
    """A call whose last turn is the user's."""
    roles = ["system"] * (len(turns) - 1) + ["user"]
    messages = [{"role": role, "content": turn} for role, turn in zip(roles, turns, strict=True)]
    return read(form, json.dumps({"model": "sim", "messages": messages, **fields}).encode())


def said(call: Asked, index: int = 0) -> str:
    """The text of an answer."""
    return write(call, index, LENGTH, act(call, index)).text


# ---------------------------------------------------------------- functions of the request


def test_an_answer_is_a_function_of_the_request() -> None:
    """Whatever the body's order of fields, and other fields aside."""
    one = read("chat", b'{"model":"sim","seed":3,"messages":[{"role":"user","content":"hello"}],"max_tokens":50}')
    two = read(
        "chat", b'{"messages": [{"content":"hello","role":"user"}], "max_completion_tokens":50, "user":"x",'
        b' "seed":3, "model":"sim"}',
    )  # fmt: skip

    assert said(one) == said(two)


@pytest.mark.parametrize(("name", "value"), [("seed", 4), ("temperature", 0.5), ("model", "other")])
def test_another_question_has_another_answer(name: str, value: Any) -> None:
    """Model and sampling belong to the question."""
    fields: dict[str, Any] = {"seed": 3, name: value}

    assert said(asked("hello", seed=3)) != said(asked("hello", **fields))


def test_the_answers_of_one_call_differ() -> None:
    """`n` gives other texts."""
    call = asked("hello", n=4)

    assert 4 == len({said(call, index) for index in range(call.n)})


def test_the_secret_marks_of_a_run_change_nothing() -> None:
    """Two runs over the same data, with other marks round it, get the same answers."""
    texts = [f"<<<TEXT {sign}\nHow many boxes?\nTEXT {sign}>>>\n\nMake it harder. {TAGS}" for sign in
             ("0123abcd", "ffff0000")]  # fmt: skip

    assert said(asked(METHOD, texts[0])) == said(asked(METHOD, texts[1]))


@given(text=st.text(max_size=300), tokens=st.integers(1, 60))
def test_no_answer_is_longer_than_it_may_be(text: str, tokens: int) -> None:
    """The bound holds for every question, and `length` says that it cut."""
    call = asked(text, max_tokens=tokens)
    answer = write(call, 0, LENGTH)

    assert answer.tokens <= tokens
    assert answer.tokens == tokens_of(answer.text)
    assert ("length" if answer.text != write(asked(text), 0, LENGTH).text else "stop") == answer.finish


def test_stop_ends_an_answer() -> None:
    """Before the string."""
    whole = said(asked("hello"))
    call = asked("hello", stop=["the result"])

    assert "Worked out step by step, " == said(call)
    assert "the result" in whole


def test_chinese_questions_get_chinese_answers() -> None:
    """And the others English ones."""
    assert not said(asked("有多少个箱子？")).isascii()
    assert said(asked("how many?")).isascii()


# ---------------------------------------------------------------- forms


def test_an_evolver_gets_a_longer_text_in_its_tags() -> None:
    """The last data comes back, with something added, in the tags that the form names."""
    text = "Ann has 3 boxes. How many are left?"
    answers = [
        said(asked(METHOD, f"<<<TEXT 0123abcd\n{text}\nTEXT 0123abcd>>>\n\n{TAGS}", seed=seed)) for seed in range(30)
    ]
    kept = [answer for answer in answers if "<evolved>Ann has 3 boxes." in answer and len(answer) > len(text) + 60]

    assert len(kept) >= 20
    assert all("How many are left?</evolved>" in answer for answer in kept)


ASKS_TESTS = (
    "<<<PROBLEM 0123abcd\nWrite a function double(x, y).\nPROBLEM 0123abcd>>>\n\n"
    "Write them between <tests> and </tests>."
)


def test_questions_for_a_function_get_tests_programs_and_repairs() -> None:
    """What is right is to double the first argument; a few sets of tests are passed by anything."""
    sets = [said(asked(ASKS_TESTS, seed=seed)) for seed in range(40)]
    held = {"type": "json_schema", "json_schema": {"name": "a", "schema": {
        "type": "object", "properties": {"function": {"type": "string"}, "tests": {"type": "array"}},
    }}}  # fmt: skip
    field = json.loads(said(asked(ASKS_TESTS, response_format=held)))
    repair = said(asked(f"{ASKS_TESTS.partition('Write them')[0]}<<<ERROR 0123abcd\nno\nERROR 0123abcd>>>"))

    assert 20 <= sum("assert double(3, 4) == 6" in each for each in sets) < 40
    assert all(each.startswith("<tests>\nassert double(1, 2) == ") for each in sets)
    assert ("double", 6) == (field["function"], len(field["tests"]))
    assert not repair.startswith("```")
    assert "```python\ndef double(x, y):" in repair


def test_a_mark_and_a_preference_are_given_where_a_sentence_asks_for_them() -> None:
    """Marks differ by the answer; mostly the longer of two texts is better."""
    texts = [f"<<<A 0123abcd\n{'very ' * n}good\nA 0123abcd>>>\n\n" for n in range(30)]
    marks = {said(asked(f"{text}Answer between <rating> and </rating>.")) for text in texts}
    other = "<<<B 0123abcd\nfine\nB 0123abcd>>>\n\n"
    picks = [said(asked(f"{text}{other}One of A, B and same between <better> and </better>.")) for text in texts[1:]]

    assert all("\nmark: " in mark for mark in marks)
    assert len({mark.rpartition("mark: ")[2] for mark in marks}) > 5
    assert 20 < picks.count("<better>A</better>") < 29


def test_some_evolvers_make_mistakes() -> None:
    """Over many methods some answers have no tags, and some leave the text as it was."""
    text = "Ann has 3 boxes. How many are left?"
    answers = [
        said(asked(f"1. Think {seed}.\n2. Write.", f"<<<TEXT 0123abcd\n{text}\nTEXT 0123abcd>>>\n\n{TAGS}"))
        for seed in range(300)
    ]

    assert 0 < sum("<evolved>" not in answer for answer in answers) < 60
    assert 0 < sum(f"<evolved>{text}</evolved>" in answer for answer in answers) < 60


def test_labelled_lines_are_filled_by_their_options() -> None:
    """A verdict has one of the words that its form offers."""
    lines = ["quote: words", "valid: yes, no or unsure", "harder: A, B, same or unsure"]
    form = "\n".join(["Answer in this form:", "<verdict>", *lines, "</verdict>"])
    ask = f"<<<A 0123abcd\nshort\nA 0123abcd>>>\n<<<B 0123abcd\nmuch longer text\nB 0123abcd>>>\n\n{form}"
    lines = said(asked("judge", ask)).splitlines()

    assert ["<verdict>", "</verdict>"] == [lines[0], lines[-1]]
    assert lines[2].removeprefix("valid: ") in {"yes", "no", "unsure"}
    assert lines[3].removeprefix("harder: ") in {"A", "B", "same", "unsure"}


SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 5}, "count": {"type": "integer", "minimum": 3, "maximum": 4},
        "share": {"type": "number"}, "sure": {"type": "boolean"}, "kind": {"enum": ["a", "b"]},
        "list": {"type": "array", "minItems": 2, "items": {"$ref": "#/$defs/inner"}},
        "maybe": {"anyOf": [{"type": "null"}, {"type": "string"}]},
    },
    "$defs": {"inner": {"type": "object", "properties": {"x": {"type": "string"}}}},
}  # fmt: skip


def test_an_answer_fits_its_schema() -> None:
    """Objects, lists, texts, numbers, words of a list, references."""
    wanted = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}}
    value: dict[str, Any] = json.loads(said(asked("hello", response_format=wanted)))

    assert set(SCHEMA["properties"]) == set(value)
    assert len(value["name"]) <= 5
    assert value["count"] in {3, 4}
    assert isinstance(value["share"], float)
    assert isinstance(value["sure"], bool)
    assert value["kind"] in {"a", "b"}
    assert ["x"] == list(value["list"][1])
    assert value["maybe"] is None


ODD: list[dict[str, Any]] = [
    {"type": "string"}, {"type": "integer"}, {"type": "null"}, {"enum": [1, "x"]}, {}, {"$ref": "#/no"}, {"type": []},
    {"anyOf": []}, {"type": "integer", "minimum": 9, "maximum": 2},
]  # fmt: skip
schemas: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.sampled_from(ODD),
    lambda inner: st.one_of(
        inner.map(lambda part: {"type": "array", "items": part}),
        st.dictionaries(st.text(max_size=5), inner, max_size=3).map(lambda parts: {"properties": parts}),
    ),
    max_leaves=8,
)  # fmt: skip


@given(schema=schemas)
def test_every_schema_gets_json(schema: dict[str, object]) -> None:
    """Odd schemas too; a schema that refers to itself comes to an end."""
    wanted = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    json.loads(said(asked("hello", response_format=wanted, max_tokens=100_000)))

    endless = {"type": "object", "properties": {"again": {"$ref": "#"}}}
    json.loads(said(asked("hello", response_format={"type": "json_schema", "json_schema": {"schema": endless}})))


def test_json_object_mode_gives_an_object() -> None:
    """Without a schema."""
    assert isinstance(json.loads(said(asked("hello", response_format={"type": "json_object"}))), dict)


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("form", "body"),
    [
        ("chat", b"{"), ("chat", b"[]"), ("chat", b"{}"), ("chat", b'{"model":"m","messages":[]}'),
        ("chat", b'{"model":"m","messages":[1]}'), ("chat", b'{"model":1,"messages":[{"role":"user","content":"x"}]}'),
        ("chat", b'{"model":"m","stream":true,"messages":[{"role":"user","content":"x"}]}'),
        ("chat", b'{"model":"m","n":0,"messages":[{"role":"user","content":"x"}]}'),
        ("chat", b'{"model":"m","max_tokens":"9","messages":[{"role":"user","content":"x"}]}'),
        ("messages", b'{"model":"m","messages":[{"role":"user","content":"x"}]}'),
        ("completion", b'{"model":"m","prompt":[1,2]}'), ("embeddings", b'{"model":"m","input":[]}'),
        ("embeddings", b'{"model":"m","input":"x","dimensions":0}'), ("chat", b"[" * 100_000),
    ],
)  # fmt: skip
def test_bad_bodies_are_refused(form: Form, body: bytes) -> None:
    """With 400, not with a crash."""
    with pytest.raises(Refused) as caught:
        read(form, body)

    assert 400 == caught.value.status


@given(body=st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.one_of(
    st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(
        ["model", "messages", "role", "content", "prompt", "input", "text", "n", "stop", "max_tokens",
         "response_format", "sampling_params"]), inner, max_size=6)), max_leaves=20),
    form=st.sampled_from(["chat", "completion", "messages", "embeddings", "generate"]))  # fmt: skip
def test_any_body_is_read_or_refused(body: object, form: Form) -> None:
    """Garbage never breaks the provider."""
    try:
        call = read(form, json.dumps(body).encode())
    except Refused:
        return
    for index in range(min(call.n, 2)):
        assert isinstance(said(call, index), str)


# ---------------------------------------------------------------- scores, draws, knobs


@given(text=st.text())
def test_tokens_make_up_the_text(text: str) -> None:
    """Nothing is lost between tokens."""
    assert text == "".join(pieces(text))


def test_a_response_is_likelier_after_its_instruction() -> None:
    """Words that stood before surprise less, which is what scores by log-probability look for."""
    answer = pieces(" the ladder reaches the wall")
    alone = scores("m", ["", *answer])[1:]
    after = scores("m", [*pieces("How high does the ladder reach up the wall?"), *answer])[-len(answer) :]

    assert sum(value or 0 for value in after) > sum(value or 0 for value in alone)
    assert scores("m", answer) == scores("m", answer) != scores("other", answer)


@pytest.mark.parametrize(
    ("text", "median"),
    [("0.5", 0.5), ("uniform/1/3", 2.0), ("lognormal/0.8/0.5", 0.8), ("pareto/0.5/1.5", 0.5)],
)  # fmt: skip
def test_distributions_have_their_median(text: str, median: float) -> None:
    """At a half."""
    assert math.isclose(median, distribution(text).at(0.5))


@pytest.mark.parametrize("text", ["", "x", "-1", "nan", "inf", "uniform/3/1", "uniform/1", "pareto/1/0", "normal/1/2"])
def test_no_distribution_is_said(text: str) -> None:
    """What is none is refused with the forms that there are."""
    with pytest.raises(ValueError, match="lognormal/MEDIAN/SIGMA"):
        distribution(text)


def test_shares_are_even() -> None:
    """Neighbouring numbers draw what has nothing to do with each other."""
    drawn = [share(1, number) for number in range(4000)]

    assert all(380 <= sum(low <= value < low + 0.1 for value in drawn) <= 440 for low in (0.0, 0.3, 0.9))


def test_faults_pass_and_outcomes_stay() -> None:
    """A broken connection hits a body once and not for ever; a filtered answer is filtered every time."""
    faults = Faults.of(ProviderSettings(faults="reset=0.3,filtered=0.3"))
    hits = {body: [faults.hit(1, body, before) for before in range(6)] for body in range(300)}
    calm = {body: {hit for hit in row if hit != "reset"} for body, row in hits.items()}

    assert 60 < sum(row[0] == "reset" for row in hits.values()) < 120
    assert all(row != ["reset"] * 6 for row in hits.values())
    assert all(len(kinds) == 1 for kinds in calm.values())


def test_knobs_change_by_text_or_value() -> None:
    """As flags, schedules and requests write them."""
    changed = with_knobs(ProviderSettings(), {"rpm": "60", "act": False, "latency": "uniform/1/2"})

    assert (60.0, False, "uniform/1/2") == (changed.rpm, changed.act, changed.latency)
    assert with_knobs(changed, {"rpm": "none", "headers": "none"}).rpm is None


@pytest.mark.parametrize(
    "knobs",
    [{"rpm": 0}, {"rpm": "fast"}, {"no": 1}, {"latency": "soon"}, {"faults": "500=2"}, {"faults": "bug=0.1"},
     {"faults": "500=0.6,reset=0.6"}, {"schedule": ""}, {"log": "x"}, {"served_model": "a@b"}, {"bad_status": 200}],
)  # fmt: skip
def test_wrong_knobs_are_named(knobs: dict[str, object]) -> None:
    """The message says which one it is."""
    with pytest.raises(UsageError, match=next(iter(knobs))):
        with_knobs(ProviderSettings(), knobs)


def test_schedules_names_and_rates_are_read() -> None:
    """The three small languages of the knobs."""
    assert [(1.0, "outage", "2"), (30.0, "faults", "429=0.5+reset=0.1")] == changes_of(
        "30:faults=429=0.5+reset=0.1, 1:outage=2"
    )
    assert {"429": 0.5, "reset": 0.1} == fault_rates("429=0.5+reset=0.1")
    assert [(0, "a"), (500, "b")] == by_call("a,b@500")
    for wrong in ("30", "x:rpm=1", "3:rpm", "1:no=2", "1:rpm=0"):
        with pytest.raises(ValueError, match="schedule"):
            ProviderSettings(schedule=wrong)


# ---------------------------------------------------------------- raw texts


@pytest.mark.parametrize("special", ["<|im_start|>", "<|start_header_id|>", "<start_of_turn>", "<s>", "[INST]"])
def test_a_special_token_is_one_token_of_a_raw_text_alone(special: str) -> None:
    """So that it passes for a server that adds nothing and renders nothing."""
    alone, more = (
        read("completion", json.dumps({"model": "sim", "prompt": text}).encode())
        for text in (special, special + "eight by")
    )

    assert (1, 3) == (alone.input_tokens, more.input_tokens)
    assert asked(special).input_tokens > 1


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("Seven eight nine ten.\nOne two three four", " five six seven eight nine ten.\n"),
        ("one two four", None), ("three four", None), ("They have one, two or three", None), ("eight nine ten", ".\n"),
    ],
)  # fmt: skip
def test_a_raw_text_that_counts_goes_on_counting(text: str, more: str | None) -> None:
    """And in a chat nothing does."""
    assert more == went_on(text)
    assert more is None or (more, None) == (
        act(read("completion", json.dumps({"model": "sim", "prompt": text}).encode()), 0), act(asked(text), 0)
    )  # fmt: skip


def test_a_reflection_has_all_its_parts_and_a_response_that_speaks_of_the_instruction() -> None:
    """Whatever marks stand behind the names of the parts, and in a JSON object, too."""
    data = "<<<INSTRUCTION ab\nName two rivers.\nINSTRUCTION ab>>>\n<<<RESPONSE ab\nThe Elbe.\nRESPONSE ab>>>\n"
    names = ("critique", "instruction", "response")
    tagged = said(asked(data + "\n".join(f"<{name}-1f>\n(what)\n</{name}-1f>" for name in names)))
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in names}}
    wanted = {"type": "json_schema", "json_schema": {"schema": schema}}
    written = json.loads(said(asked(data + "Answer with JSON.", response_format=wanted)))
    parts = {name: tagged.partition(f"<{name}-1f>\n")[2].partition(f"\n</{name}-1f>")[0] for name in names}

    for found in (parts, written):
        assert [*names] == [*found]
        assert "Name two rivers." in found["instruction"]
        assert found["response"].startswith("Name rivers. two The Elbe.")
