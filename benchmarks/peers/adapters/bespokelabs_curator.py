# mypy: ignore-errors
# pyright: basic, reportMissingImports=false, reportOptionalMemberAccess=false
"""bespokelabs-curator: one LLM, a list of prompts. The arguments are: address, prompts, calls at once, folder."""

import importlib.util
import json
import os
import sys
from pathlib import Path

url, calls, at_once, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
# Its tokenizer would be fetched from the network; litellm, which it installs, ships it.
tokenizers = Path(str(importlib.util.find_spec("litellm").origin)).parent / "litellm_core_utils" / "tokenizers"
os.environ |= {"TELEMETRY_ENABLED": "False", "HF_HUB_OFFLINE": "1", "TIKTOKEN_CACHE_DIR": str(tokenizers),
               "OPENAI_API_KEY": "x", "CURATOR_DISABLE_RICH_DISPLAY": "1", "CURATOR_VIEWER": "0"}  # fmt: skip

from bespokelabs import curator  # noqa: E402  it reads the environment when it is imported

llm = curator.LLM(
    model_name="gpt-4o-mini",
    backend="openai",
    backend_params={"base_url": url, "max_requests_per_minute": 1_000_000, "max_tokens_per_minute": 10**12,
                    "max_concurrent_requests": at_once, "require_all_responses": False},
)  # fmt: skip
rows = llm([f"prompt {number}" for number in range(calls)], working_dir=folder).dataset
sys.stdout.write("\n" + json.dumps({"rows": len(rows)}) + "\n")
