# mypy: ignore-errors
# pyright: basic, reportMissingImports=false
"""NeMo Data Designer: seeds and one column of text. The arguments are: address, prompts, calls at once, folder."""

import json
import os
import sys
from pathlib import Path

url, calls, at_once, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
os.environ |= {"NEMO_TELEMETRY_ENABLED": "false", "DATA_DESIGNER_HOME": str(folder / "home")}
import data_designer.config as dd  # noqa: E402
import pandas as pd  # noqa: E402
from data_designer.interface import DataDesigner  # noqa: E402

seeds = folder / "seeds.parquet"
pd.DataFrame({"q": [f"prompt {number}" for number in range(calls)]}).to_parquet(seeds)
provider = dd.ModelProvider(name="bench", endpoint=url, provider_type="openai", api_key="x")
designer = DataDesigner(artifact_path=str(folder / "out"), model_providers=[provider])
designer.set_run_config(
    dd.RunConfig(
        buffer_size=50 if (folder / "again").exists() else 1000, otel_metrics_port=None, disable_early_shutdown=True
    )
)
parameters = dd.ChatCompletionInferenceParams(max_parallel_requests=at_once, timeout=60, max_tokens=256)
model = dd.ModelConfig(alias="m", model="gpt-4o-mini", provider="bench", skip_health_check=True,
                       inference_parameters=parameters)  # fmt: skip
builder = dd.DataDesignerConfigBuilder(model_configs=[model])
builder.with_seed_dataset(dd.LocalFileSeedSource(path=str(seeds)))
builder.add_column(dd.LLMTextColumnConfig(name="a", model_alias="m", prompt="{{ q }}"))
again = (folder / "again").exists()
resume = dd.ResumeMode.ALWAYS if again and (folder / "out").exists() else dd.ResumeMode.NEVER
rows = designer.create(builder, num_records=calls, dataset_name="bench", resume=resume).load_dataset()
sys.stdout.write("\n" + json.dumps({"rows": int(rows["a"].notna().sum())}) + "\n")
