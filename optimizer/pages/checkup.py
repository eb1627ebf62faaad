"""What `autoevol doctor` found out, in lines for a person."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ...agents.gateway.doctor.findings import Findings, FormTried, Speed, Spent

__all__ = ["findings_lines"]

_INSTEAD = {
    "no temperature": "answers are drawn at the model's own temperature",
    "no top_p": "answers are drawn from all tokens",
    "no stop": "the model is not told where to stop",
    "no encoding_format": "embeddings come as the endpoint likes",
    "max_completion_tokens": "the bound of an answer goes by this name instead of max_tokens",
}
_WAYS = {"echo": "yes, by echo", "vllm": "yes, by vLLM's prompt_logprobs", "sglang": "yes, by SGLang's /generate",
         "local": "yes, by the embedded engine", "none": "no"}  # fmt: skip
_WIDTH = 18


def findings_lines(findings: Findings, kept: Path | None) -> list[str]:
    """Lines about one model.

    Args:
        findings: what was found out.
        kept: where that is kept; None where it is not.
    """
    served = f", served as {findings.served}" if findings.served not in {"", findings.model} else ""
    lines = [f"{findings.endpoint}: {findings.model}{served} at {findings.address}"]
    lines += [f"  {label:{_WIDTH}} {text}" for label, text in _rows(findings)]
    lines += [f"  Note: {remark}" for remark in findings.remarks]
    if findings.unasked:
        lines.append(f"  Not asked, for want of calls (--calls): {', '.join(findings.unasked)}.")
    if kept is not None:
        lines.append(f"  New runs take this over. It is kept in {kept}.")
    return lines


def _rows(findings: Findings) -> Iterator[tuple[str, str]]:
    can = findings.abilities
    yield "speed", _speed(findings.speed)
    yield "JSON by a schema", _yes(can.json_schema, no="no" + (", asked for as plain JSON" if can.json_object else ""))
    yield "JSON", _yes(can.json_object)
    yield "several answers", _yes(can.n, no="no, each sample is a call of its own")
    yield "seeds", _yes(can.seed, no="no, samples differ by chance alone")
    yield "log-probabilities", _yes(can.logprobs)
    yield "raw completions", _yes(can.completions)
    yield "given text scored", "not known" if can.given_text is None else _WAYS[can.given_text]
    yield "embeddings", _yes(can.embeddings)
    yield "prompt cache", _yes(can.cached_prompts, no="no sign of one")
    for word in can.refused:
        yield (
            "refuses",
            f"{word.removeprefix('no ')}: {_INSTEAD.get(word, 'it is left out')}"
            if word.startswith("no ")
            else f"max_tokens: {_INSTEAD.get(word, word)}",
        )
    yield "announced limits", _limits(findings)
    yield "output forms", _forms(findings)
    if findings.models is not None:
        yield "models listed", f"{len(findings.models)}"
    yield "this took", _spent(findings.spent)


def _yes(value: bool | None, no: str = "no") -> str:
    return "not known" if value is None else "yes" if value else no


def _speed(speed: Speed | None) -> str:
    if speed is None:
        return "not known"
    rate = f", about {speed.tokens_per_s:,.0f} tokens/s" if speed.tokens_per_s else ""
    return f"{speed.shortest_s:.2f} to {speed.longest_s:.2f} s an answer{rate}"


def _limits(findings: Findings) -> str:
    said = findings.announced
    rates = ((said.rpm, "requests/min"), (said.tpm, "tokens/min"), (said.input_tpm, "input tokens/min"),
             (said.output_tpm, "output tokens/min"), (said.concurrency, "calls in flight"))  # fmt: skip
    named = [f"{value:,.0f} {unit}" for value, unit in rates if value is not None]
    named += [f"a quota of {value:,.0f} {name.replace('_', ' ')}" for name, value in said.quotas.items()]
    return ", ".join(named) if named else "none; the limit is found while a run is at work"


def _forms(findings: Findings) -> str:
    tried = ", ".join(f"{form} kept {each.kept} of {each.asked}" for form, each in findings.forms.items())
    if not tried:
        return "not tried"
    tags, held = (findings.forms.get(form, FormTried()) for form in ("tags", "json"))
    better = "json" if held.asked and held.kept > tags.kept else "tags"
    return f"{tried}; {better} is the one to take (output_form)"


def _spent(spent: Spent) -> str:
    money = "price unknown" if spent.usd is None else "free" if spent.usd == 0 else f"${spent.usd:.4f}"
    return f"{spent.calls} calls, {spent.input_tokens:,} + {spent.output_tokens:,} tokens, {money}"
