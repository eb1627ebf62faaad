"""Exports in the hands of those that they are for: `datasets`, TRL, LLaMA-Factory, axolotl. No GPU, no network.

python -m pytest tests/ecosystem/test_exports_in_trainers.py --timeout=600

LLaMA-Factory and axolotl pin libraries that hinder each other and want a GPU, so they are installed without those:
`pip install --no-deps llamafactory axolotl`, then `pip install addict colorama fire omegaconf peft pillow`. Their tests
are skipped where they are not there.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import yaml

from autoevol.optimizer.dataset.exports.export import Exported, Order, export
from autoevol.optimizer.dataset.exports.forms import FORMS
from autoevol.optimizer.dataset.exports.reading import open_run
from tests.optimizer.dataset.exports.exported_run import TURNS, write_run

# What these libraries warn of is not ours.
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(600)]
ASKED = "And in French?"
CHAT = [{"role": "system", "content": "Be brief."}, *TURNS, {"role": "user", "content": ASKED}]
ANSWER = {"role": "assistant", "content": "Salut."}
TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|> {{ message['content'] }} <|end|> {% endfor %}"
    "{% if add_generation_prompt %}<|assistant|> {% endif %}"
)


@pytest.fixture(autouse=True)
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No network, caches of their own."""
    for name, value in {"HF_HUB_OFFLINE": "1", "HF_DATASETS_CACHE": str(tmp_path / "cache"), "WANDB_MODE": "disabled",
                        "DISABLE_VERSION_CHECK": "1", "CUDA_VISIBLE_DEVICES": ""}.items():  # fmt: skip
        monkeypatch.setenv(name, value)


def _export(tmp_path: Path, to: str, **more: Any) -> Exported:
    folder = write_run(tmp_path / "run")
    return export(open_run(folder, what=FORMS[to].source), Order(to, tmp_path / "out", **more))


def _loaded(tmp_path: Path, source: str, **more: Any) -> Any:
    return import_module("datasets").load_dataset(source, split="train", cache_dir=str(tmp_path / "cache"), **more)


def _tokenizer() -> Any:
    """One with a chat template that knows every text as characters."""
    tokenizers, transformers = import_module("tokenizers"), import_module("transformers")
    words = {text: number for number, text in enumerate(["<|end|>", "<|user|>", "<|assistant|>", "<|system|>"])}
    words |= {chr(code): len(words) + code for code in range(32, 127)}
    own = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="?"))
    own.pre_tokenizer = tokenizers.pre_tokenizers.Split("", "isolated")
    own.decoder = tokenizers.decoders.Fuse()
    specials = ["<|user|>", "<|assistant|>", "<|system|>"]
    own.add_special_tokens(["<|end|>", *specials])
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=own, eos_token="<|end|>", pad_token="<|end|>", unk_token="?"
    )
    tokenizer.chat_template = TEMPLATE
    return tokenizer


# ------------------------------------------------------------ datasets


@pytest.mark.parametrize(
    "to", ["alpaca", "sharegpt", "messages", "prompt-completion", "dpo", "reward", "jsonl", "parquet"]
)
def test_datasets_loads_the_folder(tmp_path: Path, to: str) -> None:
    """By the head of the card: no word about files, though settings of a trainer are beside them."""
    done = _export(tmp_path, to)
    (tmp_path / "out" / "dataset_info.json").write_text('{"of": "LLaMA-Factory"}', "utf-8")
    rows = _loaded(tmp_path, str(tmp_path / "out"))

    assert done.tally.written == len(rows)
    assert list(done.form.columns or rows.column_names) == rows.column_names


@pytest.mark.parametrize("to", ["messages", "alpaca", "dpo", "reward"])
def test_datasets_loads_parquet_of_any_form(tmp_path: Path, to: str) -> None:
    """The same rows as from JSON lines."""
    run = open_run(write_run(tmp_path / "run"), what=FORMS[to].source)
    export(run, Order(to, tmp_path / "rows.parquet"))
    export(run, Order(to, tmp_path / "lines.jsonl"))
    table = _loaded(tmp_path, "parquet", data_files=str(tmp_path / "rows.parquet"))

    assert _loaded(tmp_path, "json", data_files=str(tmp_path / "lines.jsonl")).to_list() == table.to_list()


def test_datasets_loads_arrow_from_disk(tmp_path: Path) -> None:
    """As what `save_to_disk` wrote; the rows are those of the Parquet file."""
    _export(tmp_path / "a", "parquet")
    _export(tmp_path / "b", "arrow")
    table = _loaded(tmp_path, str(tmp_path / "a" / "out"))

    assert table.to_list() == import_module("datasets").load_from_disk(str(tmp_path / "b" / "out")).to_list()


# ------------------------------------------------------------ TRL


@pytest.mark.parametrize("to", ["messages", "prompt-completion", "dpo"])
def test_trl_sees_conversations(tmp_path: Path, to: str) -> None:
    """TRL's own functions tell the form and put it into a chat template."""
    data = import_module("trl.data_utils")
    row = _loaded(tmp_path, str(_export(tmp_path, to).files[0].parent))[0 if to == "dpo" else 1]
    texts = data.maybe_apply_chat_template(row, _tokenizer())

    assert data.is_conversational(row)
    if to == "messages":
        assert texts["text"].endswith("<|user|> And in French? <|end|> <|assistant|> Salut. <|end|> ")
        assert texts["text"].startswith("<|system|> Be brief. <|end|> <|user|> Hello?")
    if to == "prompt-completion":
        assert texts["prompt"].endswith("<|user|> And in French? <|end|> <|assistant|> ")
        assert "Salut. <|end|> " == texts["completion"]
    if to == "dpo":
        assert ["Because. <|end|> ", "No. <|end|> "] == [texts["chosen"], texts["rejected"]]


@pytest.mark.parametrize(("to", "verb"), [("messages", "sft"), ("prompt-completion", "sft"), ("dpo", "dpo")])
def test_trl_reads_its_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to: str, verb: str) -> None:
    """Through the parser of its command, which knows no other keys; the data is found from the folder."""
    done = _export(tmp_path, to, trainer="trl", model="some/model")
    monkeypatch.chdir(tmp_path / "out")
    script = import_module(f"trl.scripts.{verb}")
    parser = script.make_parser()
    said, training, model, data = parser.parse_args_and_config(
        ["--config", f"trl-{verb}.yaml", "--bf16", "False", "--use_cpu"]
    )
    rows = import_module("trl").get_dataset(data)[said.dataset_train_split]

    assert "some/model" == model.model_name_or_path
    assert (2048, True) == (training.max_length, model.use_peft)
    assert (1 if to == "dpo" else 3) == len(rows)
    assert done.form.columns is not None
    assert list(done.form.columns) == rows.column_names


def test_trl_trains_a_tiny_student(tmp_path: Path) -> None:
    """A model of random weights learns for two steps, and only from the answers."""
    transformers, trl = import_module("transformers"), import_module("trl")
    rows = _loaded(tmp_path, str(_export(tmp_path, "prompt-completion").files[0].parent))
    tokenizer = _tokenizer()
    tiny = transformers.LlamaConfig(
        vocab_size=256, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=2, max_position_embeddings=512,
    )  # fmt: skip
    trainer = trl.SFTTrainer(
        model=transformers.LlamaForCausalLM(tiny), processing_class=tokenizer, train_dataset=rows,
        args=trl.SFTConfig(
            output_dir=str(tmp_path / "trained"), max_steps=2, per_device_train_batch_size=2, use_cpu=True, bf16=False,
            report_to="none", save_strategy="no", max_length=512, dataset_num_proc=None,
        ),
    )  # fmt: skip
    first = trainer.train_dataset[1]
    learnt = [token for token in first["labels"] if token != -100]

    assert "Salut." in tokenizer.decode(learnt)
    assert ASKED not in tokenizer.decode(learnt)
    assert trainer.train().global_step == 2


# ------------------------------------------------------------ LLaMA-Factory


def _by_llama_factory(tmp_path: Path, to: str) -> list[dict[str, Any]]:
    """Its registry of data sets, its loader of files, its converters."""
    try:
        import_module("transformers")
        if "torchaudio" not in sys.modules:  # for sound, of which there is none here
            sys.modules["torchaudio"] = ModuleType("torchaudio")
            sys.modules["torchaudio"].__spec__ = ModuleSpec("torchaudio", None)
        parser, loader = import_module("llamafactory.data.parser"), import_module("llamafactory.data.loader")
    except ModuleNotFoundError as error:
        pytest.skip(f"LLaMA-Factory is not there ({error.name})")
    done = _export(tmp_path, to, trainer="llama-factory", title="my data")
    settings = yaml.safe_load((tmp_path / "out" / "llama-factory.yaml").read_text("utf-8"))
    (found,) = parser.get_dataset_list([settings["dataset"]], str(tmp_path / "out"))
    data = SimpleNamespace(dataset_dir=str(tmp_path / "out"), preprocessing_num_workers=None, streaming=False,
                           max_samples=None, overwrite_cache=True, media_dir="")  # fmt: skip
    model = SimpleNamespace(cache_dir=str(tmp_path / "cache"), hf_hub_token=None)
    rows: list[dict[str, Any]] = loader._load_single_dataset(
        found, model, data, SimpleNamespace(local_process_index=0)
    ).to_list()
    assert done.tally.written == len(rows)
    return rows


@pytest.mark.parametrize("to", ["alpaca", "sharegpt", "messages"])
def test_llama_factory_reads_conversations(tmp_path: Path, to: str) -> None:
    """System prompt, earlier turns and answer arrive, whichever form."""
    rows = _by_llama_factory(tmp_path, to)

    assert [*TURNS, {"role": "user", "content": ASKED}] == rows[1]["_prompt"]
    assert [ANSWER] == rows[1]["_response"]
    assert "Be brief." == rows[1]["_system"]
    assert "Sort the words.\nb, a" == rows[2]["_prompt"][0]["content"].replace("\n\n", "\n")


def test_llama_factory_reads_pairs(tmp_path: Path) -> None:
    """The better answer first."""
    (row,) = _by_llama_factory(tmp_path, "dpo")

    assert ["Because.", "No."] == [answer["content"] for answer in row["_response"]]
    assert "Why?" == row["_prompt"][-1]["content"]


def test_llama_factory_reads_its_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the parser of its command, which refuses keys that it does not know."""
    try:
        hparams = import_module("llamafactory.hparams.parser")
    except ImportError as error:
        pytest.skip(f"LLaMA-Factory's settings cannot be read here ({error})")
    for to, trainer in (("sharegpt", "sft"), ("dpo", "dpo")):
        _export(tmp_path / to, to, trainer="llama-factory", model="some/model")
        monkeypatch.chdir(tmp_path / to / "out")
        settings = yaml.safe_load(Path("llama-factory.yaml").read_text("utf-8")) | {"bf16": False, "use_cpu": True}
        model, data, training, tuning, _ = hparams._parse_train_args(settings)

        assert (trainer, "some/model") == (tuning.stage, model.model_name_or_path)
        assert ["out"] == data.dataset
        assert training.do_train


# ------------------------------------------------------------ axolotl


def _axolotl(name: str) -> Any:
    try:
        return import_module(f"axolotl.{name}")
    except ImportError as error:
        pytest.skip(f"axolotl is not there ({error})")


def _axolotl_settings(tmp_path: Path, to: str) -> dict[str, Any]:
    _export(tmp_path, to, trainer="axolotl", model="some/model")
    settings: dict[str, Any] = yaml.safe_load((tmp_path / "out" / "axolotl.yaml").read_text("utf-8"))
    return settings


@pytest.mark.parametrize("to", ["sharegpt", "messages"])
def test_axolotl_learns_the_answers_of_chats(tmp_path: Path, to: str) -> None:
    """Its chat strategy, made from our settings: all turns are there, the labels are the assistant's."""
    strategies = _axolotl("prompt_strategies.chat_template")
    settings, tokenizer = _axolotl_settings(tmp_path, to), _tokenizer()
    held = _axolotl("utils.dict").DictDefault({**settings, "train_on_inputs": False})
    (given,) = held["datasets"]
    strategy = strategies.load(tokenizer, held, ds_cfg=given)
    rows = _loaded(tmp_path, "json", data_files=str(tmp_path / "out" / given["path"]))
    made = strategy.tokenize_prompt(rows[1])
    learnt = tokenizer.decode([token for token in made["labels"] if token != -100])

    assert "Be brief." in tokenizer.decode(made["input_ids"])
    assert "Salut." in learnt
    assert ASKED not in learnt


def test_axolotl_reads_alpaca(tmp_path: Path) -> None:
    """Its Alpaca strategy; instruction and input are in the prompt, the output is learnt."""
    strategies = _axolotl("prompt_strategies.alpaca_chat")
    settings, tokenizer = _axolotl_settings(tmp_path, "alpaca"), _tokenizer()
    held = _axolotl("utils.dict").DictDefault({**settings, "train_on_inputs": False})
    rows = _loaded(tmp_path, "json", data_files=str(tmp_path / "out" / "train.jsonl"))
    made = strategies.load(tokenizer, held).tokenize_prompt(rows[1])
    learnt = tokenizer.decode([token for token in made["labels"] if token != -100])

    assert "Sort the words." in tokenizer.decode(made["input_ids"])
    assert "a, b" in learnt
    assert "Sort" not in learnt


def test_axolotl_reads_pairs(tmp_path: Path) -> None:
    """Its DPO strategy for chats."""
    strategies = _axolotl("prompt_strategies.dpo.chat_template")
    held = _axolotl("utils.dict").DictDefault({**_axolotl_settings(tmp_path, "dpo"), "chat_template": None})
    transform, _ = strategies.default(held)
    rows = _loaded(tmp_path, "json", data_files=str(tmp_path / "out" / "train.jsonl"))
    made = transform(rows[0], tokenizer=_tokenizer())

    assert made["prompt"].endswith("<|user|> Why? <|end|> <|assistant|> ")
    assert made["chosen"].startswith("Because.")
    assert made["rejected"].startswith("No.")


@pytest.mark.parametrize("to", ["alpaca", "sharegpt", "messages", "dpo"])
def test_axolotl_takes_its_settings(tmp_path: Path, to: str) -> None:
    """Its schema has all our keys, and takes our values."""
    schemas, datasets = _axolotl("utils.schemas.config"), _axolotl("utils.schemas.datasets")
    settings = _axolotl_settings(tmp_path, to)
    kind = datasets.DPODataset if to == "dpo" else datasets.SFTDataset
    given = settings["datasets"][0]

    assert set(settings) <= set(schemas.AxolotlInputConfig.model_fields)
    assert set(given) <= set(kind.model_fields)
    assert given["path"] == kind(**given).path
    assert json.dumps(settings)
