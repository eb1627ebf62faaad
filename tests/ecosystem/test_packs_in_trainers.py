"""Packing plans in the hands of those that they are for: `datasets`, transformers, TRL, axolotl. No GPU, no network."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

import pytest

from autoevol.optimizer.curate.packing.fitting import best_fit
from autoevol.optimizer.curate.packing.plan import PackOrder, plan_packs
from autoevol.optimizer.curate.packing.templates import template_of
from autoevol.optimizer.curate.packing.tokens import open_tokenizer
from autoevol.optimizer.dataset.exports.reading import open_file

# What these libraries warn of is not ours.
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(600)]
MOST = 200


@pytest.fixture(autouse=True)
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No network, caches of their own."""
    for name, value in {"HF_HUB_OFFLINE": "1", "HF_DATASETS_CACHE": str(tmp_path / "cache"), "WANDB_MODE": "disabled",
                        "CUDA_VISIBLE_DEVICES": ""}.items():  # fmt: skip
        monkeypatch.setenv(name, value)


@pytest.fixture
def student(tmp_path: Path) -> Any:
    """A tokenizer of characters with the template of ChatML, in `tmp_path/student`."""
    tokenizers, transformers = import_module("tokenizers"), import_module("transformers")
    words = {chr(code): code for code in (10, *range(32, 127))} | {"?": 63}
    own = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="?"))
    own.pre_tokenizer = tokenizers.pre_tokenizers.Split("", "isolated")
    own.add_special_tokens(["<|im_start|>", "<|im_end|>"])
    made = transformers.PreTrainedTokenizerFast(
        tokenizer_object=own, eos_token="<|im_end|>", pad_token="<|im_end|>", unk_token="?"
    )
    made.chat_template = (
        "{%- for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] }}"
        "{{ '<|im_end|>' + '\n' }}{% endfor %}"
        "{%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
    )
    made.save_pretrained(tmp_path / "student")
    return made


@pytest.fixture
def packed(tmp_path: Path, student: Any) -> Path:
    """A plan of 24 rows with everything that can be written."""
    rows = [
        {
            "id": f"r{n}",
            "instruction": f"Add {n} and 1.",
            "response": f"It is {n + 1}. " * (1 + n % 4) + "\n",
            "system": "Hi.",
        }
        for n in range(24)
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    folder = tmp_path / "student"
    plan_packs(open_file(str(tmp_path / "rows.jsonl")), open_tokenizer(folder), template_of("own", folder, "last"),
               PackOrder(MOST, tmp_path / "out", tokens=True, segments=True))  # fmt: skip
    return tmp_path / "out"


def _loaded(folder: Path, name: str) -> Any:
    return import_module("datasets").load_dataset(
        "json", data_files=str(folder / name), split="train", cache_dir=str(folder / "cache")
    )


def test_tokens_are_those_of_transformers(packed: Path, student: Any) -> None:
    """Row by row the same as by the model's own template; what is learnt begins where its question ends."""
    for pack, plan in zip(_loaded(packed, "tokens.jsonl"), _loaded(packed, "packs.jsonl"), strict=True):
        for place, row in enumerate(plan["rows"]):
            number = int(row[1:])
            turns = [{"role": "system", "content": "Hi."}, {"role": "user", "content": f"Add {number} and 1."}]
            answer = {"role": "assistant", "content": f"It is {number + 1}. " * (1 + number % 4) + "\n"}
            asked = student.apply_chat_template(turns, add_generation_prompt=True, return_dict=False)
            whole = student.apply_chat_template([*turns, answer], return_dict=False)
            begin, end = plan["cu_seqlens"][place : place + 2]

            assert whole == pack["input_ids"][begin:end]
            assert [begin + len(asked), end] == plan["learnt"][place]
            assert [-100] * len(asked) + whole[len(asked) :] == pack["labels"][begin:end]


def test_trl_derives_what_the_plan_says(packed: Path) -> None:
    """Its collator for packs without padding: positions, beginnings and labels of all packs of a batch."""
    collator = import_module("trl.trainer.sft_trainer").DataCollatorForLanguageModeling(
        pad_token_id=0, padding_free=True
    )
    packs = [*_loaded(packed, "tokens.jsonl")]
    made = collator(packs)

    assert [[place for pack in packs for place in pack["position_ids"]]] == made["position_ids"].tolist()
    assert [[label for pack in packs for label in pack["labels"]]] == made["labels"].tolist()
    begins, lengths = [0], [length for pack in packs for length in pack["seq_lengths"]]
    for length in lengths:
        begins.append(begins[-1] + length)
    assert begins == made["cu_seq_lens_q"].tolist()


def test_trl_trains_on_packs(packed: Path, student: Any, tmp_path: Path) -> None:
    """A model of random weights learns for two steps, from the file as it is."""
    transformers, trl = import_module("transformers"), import_module("trl")
    tiny = transformers.LlamaConfig(
        vocab_size=256, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=2, max_position_embeddings=512,
    )  # fmt: skip
    trainer = trl.SFTTrainer(
        model=transformers.LlamaForCausalLM(tiny), processing_class=student,
        train_dataset=_loaded(packed, "tokens.jsonl"),
        args=trl.SFTConfig(
            output_dir=str(tmp_path / "trained"), max_steps=2, per_device_train_batch_size=1, use_cpu=True, bf16=False,
            report_to="none", save_strategy="no", max_length=None, packing=False, padding_free=True,
            dataset_kwargs={"skip_prepare_dataset": True},
        ),
    )  # fmt: skip

    assert trainer.train().global_step == 2


def test_the_packs_are_those_of_trl(tmp_path: Path) -> None:
    """The same lengths in the same packs, in the same order."""
    datasets, trl = import_module("datasets"), import_module("trl")
    chance = Random(3)
    lengths = [chance.randint(1, MOST) for _ in range(500)]
    rows = datasets.Dataset.from_dict({"input_ids": [[1] * length for length in lengths]})
    theirs = trl.pack_dataset(rows, seq_length=MOST, strategy="bfd")["seq_lengths"]

    assert [list(each) for each in theirs] == [[lengths[row] for row in pack] for pack in best_fit(lengths, MOST)]


def test_axolotl_reads_segments(packed: Path, student: Any) -> None:
    """Its strategy `input_output`: the answers with their end marks are learnt, nothing else."""
    try:
        strategies = import_module("axolotl.prompt_strategies.input_output")
        held = import_module("axolotl.utils.dict").DictDefault({"train_on_inputs": False, "sequence_len": MOST})
    except ImportError as error:
        pytest.skip(f"axolotl is not there ({error})")
    strategy = strategies.load(student, held)
    for row in _loaded(packed, "segments.jsonl"):
        number = int(row["id"][1:])
        made = strategy.tokenize_prompt(row)
        learnt = "".join(student.convert_ids_to_tokens([token for token in made["labels"] if token != -100]))

        assert f"It is {number + 1}. " * (1 + number % 4) + "\n<|im_end|>\n" == learnt
