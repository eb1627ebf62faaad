# mypy: ignore-errors
# pyright: basic, reportMissingImports=false
"""distilabel: a pipeline of two steps. The arguments are: address, prompts, calls at once, folder."""

import json
import sys
from pathlib import Path

from distilabel.models import OpenAILLM
from distilabel.pipeline import Pipeline
from distilabel.steps import LoadDataFromDicts
from distilabel.steps.tasks import TextGeneration

if __name__ == "__main__":
    url, calls, at_once, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    data = [{"instruction": f"prompt {number}"} for number in range(calls)]
    with Pipeline(name="bench", cache_dir=folder) as pipeline:
        llm = OpenAILLM(model="gpt-4o-mini", base_url=url, api_key="x", generation_kwargs={"max_new_tokens": 256})
        _ = LoadDataFromDicts(data=data, batch_size=at_once) >> TextGeneration(llm=llm, input_batch_size=at_once)
    result = pipeline.run(use_cache=(folder / "again").exists())
    rows = [row for row in result["default"]["train"] if row["generation"] is not None]
    sys.stdout.write("\n" + json.dumps({"rows": len(rows)}) + "\n")
