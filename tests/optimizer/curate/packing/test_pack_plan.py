"""Plans on disk: every row is in a pack or dropped, learnt tokens are those of the answers, the same bytes again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autoevol.agents.gateway.errors import UsageError
from autoevol.agents.gateway.requests import Turn
from autoevol.optimizer.curate.packing.plan import PackOrder, plan_packs
from autoevol.optimizer.curate.packing.templates import TEMPLATES, ChatTemplate, Learn, template_of
from autoevol.optimizer.curate.packing.tokens import Approximate, FileTokenizer, open_tokenizer
from autoevol.optimizer.dataset.exports.example import Example, Unfit
from autoevol.optimizer.dataset.exports.reading import open_file

tokenizers: Any = pytest.importorskip("tokenizers")
ROW = Example("r", "And 3 + 4?", response="It is 7.", system="Be kind.",
              context=(Turn("user", "What is 1 + 1?"), Turn("assistant", "2")))  # fmt: skip


@pytest.fixture(scope="module")
def tokenizer_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A byte-level tokenizer of 400 tokens that leaves white space out of its offsets, as GPT-2's does."""
    folder = tmp_path_factory.mktemp("tokenizer")
    made = tokenizers.Tokenizer(tokenizers.models.BPE())
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.post_processor = tokenizers.processors.ByteLevel(trim_offsets=True)
    made.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=400, initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(), show_progress=False,
        special_tokens=["<|im_start|>", "<|im_end|>"],
    )  # fmt: skip
    made.train_from_iterator(
        ["What is the sum of the numbers? It is seven.\n\n", "Be kind. \n  So it is."] * 9, trainer
    )
    made.save(str(folder / "tokenizer.json"))
    own = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    own += "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"chat_template": own, "eos_token": {"content": "</s>"}, "bos_token": None}), encoding="utf-8"
    )
    return folder / "tokenizer.json"


def _rows(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / name).read_text(encoding="utf-8").splitlines()]


def _source(folder: Path, rows: list[object]) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


SOME: list[object] = [
    *(
        {"id": f"r{n}", "instruction": f"What is {n} + 1?", "response": f"It is {n + 1}." * (1 + n % 5)}
        for n in range(40)
    ),
    {"id": "long", "instruction": "Say much.", "response": "so it is " * 200},
    {"id": "none", "instruction": "Say nothing.", "response": ""},
    7,
]  # fmt: skip


def test_every_row_is_packed_or_dropped(tmp_path: Path, tokenizer_file: Path) -> None:
    """Once, whole; what is learnt are the answers with their end marks; done again it is the same."""
    path = _source(tmp_path, SOME)
    for out in ("one", "two"):
        plan_packs(open_file(str(path)), FileTokenizer(tokenizer_file), template_of("chatml", None, "last"),
                   PackOrder(256, tmp_path / out, tokens=True, segments=True))  # fmt: skip
    packs, dropped, tokens = (_rows(tmp_path / "one", f"{name}.jsonl") for name in ("packs", "dropped", "tokens"))
    told = json.loads((tmp_path / "one" / "manifest.json").read_text(encoding="utf-8"))
    decoder = tokenizers.Tokenizer.from_file(str(tokenizer_file))

    assert {f"r{n}" for n in range(40)} == {row for pack in packs for row in pack["rows"]}
    assert 40 == told["packed"] == sum(len(pack["rows"]) for pack in packs)
    assert [("long", "too-long"), ("none", "no-response"), ("row-43", "unreadable")] == sorted(
        (row["id"], row["reason"]) for row in dropped
    )
    for pack, held in zip(packs, tokens, strict=True):
        assert pack["seq_lens"] == held["seq_lengths"]
        assert pack["tokens"] + pack["padding"] == 256
        assert len(held["input_ids"]) == len(held["labels"]) == pack["tokens"] == pack["cu_seqlens"][-1]
        for row, (begin, end) in zip(pack["rows"], pack["learnt"], strict=True):
            number = int(row[1:])
            learnt = decoder.decode(held["labels"][begin:end], skip_special_tokens=False)
            assert f"It is {number + 1}." * (1 + number % 5) + "<|im_end|>\n" == learnt
        assert sum(end - begin for begin, end in pack["learnt"]) == sum(label != -100 for label in held["labels"])
    texts = {row["id"]: row["segments"] for row in _rows(tmp_path / "one", "segments.jsonl")}
    assert {row for pack in packs for row in pack["rows"]} == texts.keys()
    assert [False, True] == [each["label"] for each in texts["r3"]]
    assert "It is 4." * 4 + "<|im_end|>\n" == texts["r3"][1]["text"]
    assert all(
        (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
        for name in ("packs.jsonl", "tokens.jsonl", "segments.jsonl", "dropped.jsonl", "manifest.json")
    )


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=20).filter(str.strip)


@pytest.mark.parametrize("name", [*TEMPLATES, "own"])
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=TEXTS, answer=TEXTS)
def test_learnt_tokens_are_the_answer(tokenizer_file: Path, name: str, asked: str, answer: str) -> None:
    """Whatever the texts: in characters exactly the answer and its end mark, in tokens all that begin in them."""
    template = template_of(name, tokenizer_file.parent, "last")
    text = template.render(Example("r", asked, response=answer))
    (begin, end), *rest = text.learnt
    counted = FileTokenizer(tokenizer_file).count([text])[0]
    ids = counted.ids or ()
    whole = tokenizers.Tokenizer.from_file(str(tokenizer_file))
    before = len(text.text[:begin].encode())
    sizes = [_size_of(whole, each) for each in ids]
    places = [sum(sizes[:number]) for number in range(len(ids))]

    assert not rest
    assert text.text[begin:end].startswith(answer)
    assert end == len(text.text)
    first = next((number for number, place in enumerate(places) if place >= before), len(ids))
    assert [each for each in [(first, len(ids))] if each[0] < each[1]] == list(counted.learnt)


def _size_of(tokenizer: Any, token: int) -> int:
    """Bytes of a token: a letter of its name stands for each, but in special ones."""
    name = tokenizer.id_to_token(token)
    return len(name.encode() if name.startswith("<|") else name)


def test_all_answers_or_the_whole_text_can_be_learnt() -> None:
    """With the earlier answers, or all there is."""
    learnt: dict[Learn, list[str]] = {}
    for learn in ("last", "all", "text"):
        found = ChatTemplate("chatml", TEMPLATES["chatml"], {}, learn).render(ROW)
        learnt[learn] = [found.text[begin:end] for begin, end in found.learnt]

    assert ["It is 7.<|im_end|>\n"] == learnt["last"]
    assert ["2<|im_end|>\n", "It is 7.<|im_end|>\n"] == learnt["all"]
    assert learnt["text"][0].startswith("<|im_start|>system\nBe kind.<|im_end|>")


def test_a_template_that_hides_its_answer_is_told() -> None:
    """What a template leaves out, changes or refuses is a row that is dropped, with the reason."""
    reasons: list[str] = []
    for text in ("{{ messages[-1].content[::-1] }}", "{{ raise_exception('no') }}", "{{ messages.clear() }}"):
        with pytest.raises(Unfit) as caught:
            ChatTemplate("t", text, {}).render(ROW)
        reasons.append(str(caught.value))

    assert ["template-hides-answer", "template-refuses-row", "template-refuses-row"] == reasons


def test_a_row_never_begins_with_a_learnt_token(tmp_path: Path, tokenizer_file: Path) -> None:
    """Even where the whole text is learnt: what stands before it in the pack is another row's."""
    path = _source(tmp_path, SOME)
    plan_packs(open_file(str(path)), FileTokenizer(tokenizer_file), template_of("plain", None, "text"),
               PackOrder(128, tmp_path / "out", tokens=True))  # fmt: skip
    for held in _rows(tmp_path / "out", "tokens.jsonl"):
        firsts = [position == 0 for position in held["position_ids"]]

        assert firsts == [label == -100 for label in held["labels"]]

    plan_packs(open_file(str(path)), FileTokenizer(tokenizer_file), template_of("plain", None, "text"),
               PackOrder(128, tmp_path / "out", segments=True, force=True))  # fmt: skip
    assert not (tmp_path / "out" / "tokens.jsonl").exists()  # of the plan that was replaced


def test_an_estimate_says_that_it_is_one(tmp_path: Path) -> None:
    """In the manifest; it has no tokens to write."""
    path = _source(tmp_path, SOME)
    source, template = open_file(str(path)), template_of("plain", None, "last")
    told = plan_packs(source, open_tokenizer(None), template, PackOrder(64, tmp_path / "out")).manifest

    assert not told["exact"]
    assert 40 == told["packed"]
    with pytest.raises(UsageError, match="no tokens to write"):
        plan_packs(source, Approximate(), template, PackOrder(64, tmp_path / "more", tokens=True))
    assert not (tmp_path / "more").exists()


def test_what_cannot_be_used_is_told(tmp_path: Path) -> None:
    """In a sentence."""
    no_tokenizer = _source(tmp_path, [{}])
    calls: dict[str, Callable[[], object]] = {
        "There is no tokenizer": lambda: open_tokenizer(tmp_path),
        "is no tokenizer": lambda: open_tokenizer(no_tokenizer),
        "There is no template 'chatmll'": lambda: template_of("chatmll", None, "last"),
        "has no chat template": lambda: template_of("own", None, "last"),
        "cannot be read": lambda: ChatTemplate("t", "{% if", {}),
    }
    for said, call in calls.items():
        with pytest.raises(UsageError, match=said):
            call()
