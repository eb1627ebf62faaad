"""Ready settings for trainers, beside the data that they read. Starting points to be edited, in our own words.

Every key is held against the trainer's own reader of its settings (tests/ecosystem), where that runs without a GPU.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from ....agents.gateway.errors import UsageError
from .forms import Form, Trainer

__all__ = ["DEFAULT_MODEL", "Plan", "settings_for"]

DEFAULT_MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"
_LENGTH = 2048  # tokens of an example, at most


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be trained.

    Args:
        trainer: who trains.
        form: of the rows.
        data: name of their file.
        model: the student: a name on the Hub, or a folder.
        name: of the data set.
    """

    trainer: Trainer
    form: Form
    data: str
    model: str
    name: str

    @property
    def pairs(self) -> bool:
        """Whether preferences are learnt, not answers."""
        return self.form.name == "dpo"


_READS: Mapping[Trainer, tuple[str, ...]] = {
    "trl": ("messages", "prompt-completion", "dpo"),
    "unsloth": ("messages", "prompt-completion", "dpo"),
    "axolotl": ("alpaca", "sharegpt", "messages", "dpo"),
    "llama-factory": ("alpaca", "sharegpt", "messages", "dpo"),
}


def settings_for(plan: Plan) -> dict[str, str]:
    """Names and texts of the files that a trainer wants beside the data.

    Raises:
        UsageError: the trainer does not read this form.
    """
    reads = _READS[plan.trainer]
    if plan.form.name not in reads:
        raise UsageError(
            f"{plan.trainer} does not read the form {plan.form.name}.",
            fix=f"Choose one that it reads: {', '.join(reads)}.",
        )
    return {"trl": _trl, "unsloth": _unsloth, "axolotl": _axolotl, "llama-factory": _llama_factory}[plan.trainer](plan)


def _yaml(comments: str, settings: Mapping[str, Any]) -> str:
    head = "".join(f"# {line}\n" for line in comments.splitlines())
    return head + yaml.safe_dump(dict(settings), sort_keys=False, allow_unicode=True, width=100)


def _trl(plan: Plan) -> dict[str, str]:
    verb = "dpo" if plan.pairs else "sft"
    name = f"trl-{verb}.yaml"
    settings: dict[str, Any] = {
        "model_name_or_path": plan.model,
        "datasets": [{"path": "json", "data_files": plan.data, "split": "train"}],
        "output_dir": f"trained-{verb}",
        "num_train_epochs": 1 if plan.pairs else 3,
        "per_device_train_batch_size": 4,
        "gradient_accumulation_steps": 8,
        "gradient_checkpointing": True,
        "learning_rate": 5.0e-06 if plan.pairs else 2.0e-04,
        "lr_scheduler_type": "cosine",
        "warmup_steps": 10,
        "max_length": _LENGTH,
        "logging_steps": 10,
        "save_strategy": "epoch",
        "report_to": "none",
        "seed": 1,
        "use_peft": True,
        "lora_r": 16,
        "lora_alpha": 32,
    }
    if plan.pairs:
        settings["beta"] = 0.1
    elif plan.form.name == "messages":
        settings["assistant_only_loss"] = False
    said = (
        f"Run in this folder: trl {verb} --config {name}\n"
        "LoRA; for full training take use_peft and both lora lines out and divide learning_rate by ten."
    )
    if plan.form.name == "messages":
        said += (
            "\nassistant_only_loss: true learns the answers only; it needs a chat template that marks them, so it is"
            " off.\nThe form prompt-completion learns the answers only with any template."
        )
    return {name: _yaml(said, settings)}


def _axolotl(plan: Plan) -> dict[str, str]:
    chat = {"type": "chat_template", "field_messages": "messages", "roles_to_train": ["assistant"]}
    kinds: dict[str, dict[str, Any]] = {
        "alpaca": {"type": "alpaca"},
        "messages": {**chat, "message_property_mappings": {"role": "role", "content": "content"}},
        "sharegpt": {
            **chat, "field_messages": "conversations",
            "message_property_mappings": {"role": "from", "content": "value"},
        },
        "dpo": {
            "type": "chat_template.default", "field_messages": "messages", "field_chosen": "chosen",
            "field_rejected": "rejected", "split": "train",
        },
    }  # fmt: skip
    settings: dict[str, Any] = {
        "base_model": plan.model,
        **({"rl": "dpo"} if plan.pairs else {}),
        **({} if plan.form.name == "alpaca" else {"chat_template": "tokenizer_default_fallback_chatml"}),
        "datasets": [{"path": plan.data, **({} if plan.pairs else {"ds_type": "json"}), **kinds[plan.form.name]}],
        "val_set_size": 0.0,
        "output_dir": "trained",
        "sequence_len": _LENGTH,
        "adapter": "lora",
        "lora_r": 16,
        "lora_alpha": 32,
        "lora_dropout": 0.05,
        "lora_target_linear": True,
        "micro_batch_size": 4,
        "gradient_accumulation_steps": 8,
        "num_epochs": 1 if plan.pairs else 3,
        "optimizer": "adamw_torch",
        "lr_scheduler": "cosine",
        "learning_rate": 5.0e-06 if plan.pairs else 2.0e-04,
        "warmup_steps": 10,
        "gradient_checkpointing": True,
        "bf16": "auto",
        "logging_steps": 10,
        "saves_per_epoch": 1,
        "seed": 1,
    }
    return {"axolotl.yaml": _yaml("Run in this folder: axolotl train axolotl.yaml", settings)}


def _llama_factory(plan: Plan) -> dict[str, str]:
    said_tags = {
        "role_tag": "from", "content_tag": "value", "user_tag": "human", "assistant_tag": "gpt",
        "observation_tag": "observation", "function_tag": "function_call", "system_tag": "system",
    }  # fmt: skip
    turn_tags = {**said_tags, "role_tag": "role", "content_tag": "content", "user_tag": "user",
                 "assistant_tag": "assistant"}  # fmt: skip
    own = plan.form.columns or {}
    columns = {"prompt": "instruction", "query": "input", "response": "output",
               **{name: name for name in ("system", "history") if name in own}}  # fmt: skip
    entries: dict[str, dict[str, Any]] = {
        "alpaca": {"formatting": "alpaca", "columns": columns},
        "sharegpt": {"formatting": "sharegpt", "columns": {"messages": "conversations"}, "tags": said_tags},
        "messages": {"formatting": "sharegpt", "columns": {"messages": "messages"}, "tags": turn_tags},
        "dpo": {"formatting": "sharegpt", "ranking": True, "tags": said_tags,
                "columns": {"messages": "conversations", "chosen": "chosen", "rejected": "rejected"}},
    }  # fmt: skip
    settings: dict[str, Any] = {
        "model_name_or_path": plan.model,
        "stage": "dpo" if plan.pairs else "sft",
        "do_train": True,
        "finetuning_type": "lora",
        "lora_rank": 16,
        "lora_alpha": 32,
        "lora_target": "all",
        **({"pref_beta": 0.1, "pref_loss": "sigmoid"} if plan.pairs else {}),
        "dataset_dir": ".",
        "dataset": plan.name,
        "cutoff_len": _LENGTH,
        "preprocessing_num_workers": 4,
        "output_dir": "trained",
        "logging_steps": 10,
        "save_strategy": "epoch",
        "per_device_train_batch_size": 4,
        "gradient_accumulation_steps": 8,
        "learning_rate": 5.0e-06 if plan.pairs else 2.0e-04,
        "num_train_epochs": 1.0 if plan.pairs else 3.0,
        "lr_scheduler_type": "cosine",
        "warmup_steps": 10,
        "bf16": True,
        "report_to": "none",
        "seed": 1,
    }
    said = (
        "Run in this folder: llamafactory-cli train llama-factory.yaml\n"
        "No template is named: the one of the model's tokenizer is taken. Name one (template: ...) for a base model."
    )
    info = json.dumps({plan.name: {"file_name": plan.data, **entries[plan.form.name]}}, ensure_ascii=False, indent=2)
    return {"dataset_info.json": info + "\n", "llama-factory.yaml": _yaml(said, settings)}


_UNSLOTH = '''\
"""Trains {model} on {data} with Unsloth. Run in this folder: python {name}"""

from unsloth import FastLanguageModel  # first, so that it can speed up the others

from datasets import load_dataset
from trl import {trainer}, {config}

MODEL = {model!r}
LENGTH = {length}

model, tokenizer = FastLanguageModel.from_pretrained(MODEL, max_seq_length=LENGTH, load_in_4bit=True)
model = FastLanguageModel.get_peft_model(
    model,
    r=16,
    lora_alpha=32,
    lora_dropout=0.0,
    target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
    use_gradient_checkpointing="unsloth",
    random_state=1,
)
if tokenizer.chat_template is None:
    raise SystemExit(f"{{MODEL}} has no chat template: take its instruct version, or set tokenizer.chat_template.")

rows = load_dataset("json", data_files={data!r}, split="train")
{prepare}
trainer = {trainer}(
    model=model,
    processing_class=tokenizer,
    train_dataset=rows,
    args={config}(
        output_dir="trained",
        per_device_train_batch_size=4,
        gradient_accumulation_steps=8,
        num_train_epochs={epochs},
        learning_rate={rate},
        lr_scheduler_type="cosine",
        warmup_steps=10,
        logging_steps=10,
        max_length=LENGTH,
        optim="adamw_8bit",
        report_to="none",
        seed=1,{more}
    ),
)
trainer.train()
model.save_pretrained("trained")
tokenizer.save_pretrained("trained")
'''
_AS_TEXT = '''

def as_text(row):
    """One text a row, in the model's own chat template."""
    return {{"text": tokenizer.apply_chat_template({turns}, tokenize=False)}}


rows = rows.map(as_text, remove_columns=rows.column_names)
'''


def _unsloth(plan: Plan) -> dict[str, str]:
    name = f"unsloth-{'dpo' if plan.pairs else 'sft'}.py"
    turns = 'row["messages"]' if plan.form.name == "messages" else 'row["prompt"] + row["completion"]'
    text = _UNSLOTH.format(
        model=plan.model.replace('"', "").replace("\\", "/"), data=plan.data, name=name, length=_LENGTH,
        trainer="DPOTrainer" if plan.pairs else "SFTTrainer", config="DPOConfig" if plan.pairs else "SFTConfig",
        epochs=1 if plan.pairs else 3, rate="5e-6" if plan.pairs else "2e-4",
        prepare="" if plan.pairs else _AS_TEXT.format(turns=turns),
        more="\n        beta=0.1," if plan.pairs else '\n        dataset_text_field="text",',
    )  # fmt: skip
    return {name: text}
