"""The analyst: reads a batch of trajectories and says what the method does wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from .contract import OutputForm, render_edits, written
from .gateway.outcomes import Answer, NoAnswer
from .gateway.requests import Turn
from .messages import (
    Analysis,
    AnalysisTask,
    Case,
    Failed,
    Finding,
    MethodFinding,
    Recurrence,
    Verdict,
)
from .reading import (
    between_tags,
    cut_off,
    fault_of,
    json_lines,
    json_object,
    json_objects,
    labelled_blocks,
    one_line,
    opened_by,
)  # fmt: skip
from .schemas import INTEGER, TEXT, list_of, row_of, schema
from .seated import Framed, Told

__all__ = ["FINDINGS_SCHEMA", "FINDINGS_TAG", "Analyst", "case_row", "earlier_findings", "found_in", "in_order",
           "read_findings", "shortened"]  # fmt: skip

FINDINGS_TAG = "findings"
FINDINGS_SCHEMA = schema(findings=list_of(row_of(problem=TEXT, cases=list_of(INTEGER), quote=TEXT, rule=TEXT)))
_LABELS = {
    "problem": "problem", "cases": "cases", "case": "cases", "quote": "quote", "rule": "rule",
    "问题": "problem", "案例": "cases", "引文": "quote", "规则": "rule",
}  # fmt: skip
_NOTHING = re.compile(
    r"\W*(?:none|no problems?(?: found)?|nothing(?: is)?(?: wrong)?|无|没有|没有问题)\W*", re.IGNORECASE
)
_ALL = re.compile(r"\ball\b|全部|所有", re.IGNORECASE)
_STAGE_CHARS = 1200
_RESPONSE_CHARS = 400
_EVIDENCE_CHARS = 120
_GOOD_FROM = 0.5  # a score of the recommended profile under which an evolution is not harder, or refused
_SHOWN = 10  # cases in all, as long as the bad ones leave room for more good ones
_LEAST_GOOD = 4
_EARLIER_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Analyst(Framed):
    """Names what a method does wrong, with cases, evidence and a rule (arXiv 2406.00770, section 3.2).

    Beyond the published prompt it sees good cases apart from bad ones, responses, what detectors and judge found,
    problems that come back, and earlier edits with their effect; and its answer has a form: a finding counts only with
    a problem, a rule and a case that it was shown, a quote only where it stands in one of its cases.
    """

    async def __call__(self, task: AnalysisTask) -> Analysis | Failed:
        """Analyse one batch. An answer without one readable finding is `unreadable`; a plain "none" finds nothing."""
        cases = in_order(task.cases)
        shown = json_lines(_shown(number, case) for number, case in enumerate(cases, 1))
        tag = self.tag(FINDINGS_TAG, shown, *(edit.why for edit in task.history))
        outcome = await self.put(task, self._turns(task, shown, tag), FINDINGS_SCHEMA)
        if isinstance(outcome, NoAnswer):
            return self.failed(task, outcome)
        findings = read_findings(outcome, self.output_form, tag, cases)
        return Analysis(
            **self.head(task, outcome), findings=findings or (), raw=outcome.text,
            fault=fault_of(outcome, readable=findings is not None),
        )  # fmt: skip

    def _turns(self, task: AnalysisTask, shown: str, tag: str) -> tuple[Turn, ...]:
        language = task.method.language
        history = render_edits(task.history, task.method, self.secret, self.prompts)
        before = history + earlier_findings(self, task.earlier, language) + self.noted(task.notes, language)
        return self.turns(
            "analyst", language, before=before,
            clauses=written(task.method), cases=self.data("CASES", shown), form=self.form("analyst", language, tag=tag),
        )  # fmt: skip


def earlier_findings(told: Told, earlier: Sequence[Recurrence], language: str) -> str:
    """Problems of earlier steps as quoted data; empty where there is none."""
    if not earlier:
        return ""
    lines = json_lines(
        {"problem": one.cluster, "steps": one.steps, "cases": one.cases} for one in earlier[:_EARLIER_SHOWN]
    )
    return told.says("earlier-findings", language, findings=told.data("EARLIER", lines)) + "\n\n"


def read_findings(
    answer: Answer, output_form: OutputForm, tag: str, cases: Sequence[Case]
) -> tuple[MethodFinding, ...] | None:
    """The findings; empty for a plain "nothing is wrong", None where the answer cannot be read.

    Of an answer that was cut at the token limit, the findings that were complete before the cut count.
    """
    rows = _json_rows(answer) if output_form == "json" else _line_rows(answer, tag)
    if not rows:
        return None if rows is None else ()
    found = [finding for row in rows if (finding := _finding(row, cases)) is not None]
    return _clustered(found) or None


def _json_rows(answer: Answer) -> list[dict[str, str]] | None:
    """The objects of the answer's list, their fields as text; None where there is no list."""
    value = json_object(answer.text, "findings")
    if value is None:
        listed: object = json_objects(answer.text, "rule") if answer.finish == "length" else None
    else:
        listed = value["findings"]
    if not isinstance(listed, list):
        return None
    fields = [cast("dict[str, object]", row) for row in cast("list[object]", listed) if isinstance(row, dict)]
    rows = [{key: str(field) for key, field in row.items()} for row in fields]
    return rows if rows or value == {"findings": []} else None


def _line_rows(answer: Answer, tag: str) -> list[dict[str, str]] | None:
    """The labelled blocks between the tags; None where there are none, empty for a plain "none"."""
    if cut_off(answer, tag):
        return labelled_blocks(opened_by(answer.text, tag) or "", _LABELS, "problem")[:-1] or None
    text = between_tags(answer.text, tag) or ""
    return [] if _NOTHING.fullmatch(text) else labelled_blocks(text, _LABELS, "problem") or None


def _finding(row: Mapping[str, str], shown: Sequence[Case]) -> MethodFinding | None:
    """One finding, or None where it lacks a problem, a rule or a case that was shown."""
    problem, rule, cases = (row.get(key, "").strip() for key in ("problem", "rule", "cases"))
    numbers = dict.fromkeys(int(digits) for digits in re.findall(r"\d{1,6}", cases))
    known = [shown[number - 1] for number in numbers if 1 <= number <= len(shown)]
    if not numbers and _ALL.search(cases):
        known = list(shown)
    if not (problem and rule and known):
        return None
    quote = one_line(row.get("quote", "")).strip("\"'“”「」")
    grounded = any(_holds(case, quote) for case in known)
    return MethodFinding(one_line(problem), tuple(case.id for case in known), quote if grounded else "", one_line(rule))


def _holds(case: Case, quote: str) -> bool:
    """Whether the words stand in the case; what a model makes up is no evidence."""
    texts = (*case.stages, case.response, *(finding.evidence for finding in case.findings))
    return bool(quote) and any(" ".join(quote.casefold().split()) in " ".join(t.casefold().split()) for t in texts)


def _clustered(found: Sequence[MethodFinding]) -> tuple[MethodFinding, ...]:
    """Findings of one name are one, with the cases of all; largest first."""
    clusters: dict[str, MethodFinding] = {}
    for one in found:
        name = one.cluster.casefold()
        same = clusters.get(name)
        if same is not None:
            cases = tuple(dict.fromkeys((*same.cases, *one.cases)))
            clusters[name] = MethodFinding(same.cluster, cases, same.evidence or one.evidence, same.rule)
        else:
            clusters[name] = one
    return tuple(sorted(clusters.values(), key=lambda one: -len(one.cases)))


def in_order(cases: Sequence[Case]) -> tuple[Case, ...]:
    """Cases as they are shown: bad ones first, the worst in front, then what no check has an opinion on, then good.

    Of a large batch with many bad cases only some good ones are shown: they say what to keep, the others what to mend.
    """
    bad = sorted((case for case in cases if _result(case) == "bad"), key=lambda case: case.score or 0.0)
    good = sorted((case for case in cases if _result(case) == "good"), key=lambda case: -(case.score or 0.0))
    unknown = [case for case in cases if not _result(case)]
    return (*bad, *unknown, *good[: max(_LEAST_GOOD, _SHOWN - len(bad) - len(unknown))])


def _result(case: Case) -> str:
    """`bad` where a check failed, `good` where all passed, empty where none looked."""
    verdict = case.verdict
    refused = verdict is not None and False in (verdict.valid, verdict.self_contained, verdict.intent_kept)
    if case.findings or refused or (case.score is not None and case.score < _GOOD_FROM):
        return "bad"
    return "good" if case.score is not None else ""


def _shown(number: int, case: Case) -> Mapping[str, object]:
    return case_row(number, case, found_in(case), _result(case))


def found_in(case: Case) -> list[str]:
    """What detectors and judge say against a case, a line each."""
    return [_found(one) for one in case.findings] + _judged(case.verdict)


def case_row(number: int, case: Case, found: Sequence[str] | None, result: str = "") -> Mapping[str, object]:
    """A case as it is shown: number, result, stages, and what is known of it; `found` None is not shown."""
    fields: dict[str, object] = {"case": number}
    fields |= {"result": result} if result else {}
    fields |= {f"stage{stage}": shortened(text, _STAGE_CHARS) for stage, text in enumerate(case.stages)}
    if case.response:
        fields["response"] = shortened(case.response, _RESPONSE_CHARS)
    if found is not None:
        fields["found"] = found
    if case.score is not None:
        fields["score"] = round(case.score, 2)
    return fields


def _found(finding: Finding) -> str:
    """A finding in a line; of a rule only what it saw, of others who says so too."""
    who = "" if finding.by == "rule" else f" ({finding.by})"
    return f"{finding.kind}{who}: {shortened(finding.evidence, _EVIDENCE_CHARS)}".rstrip(": ")


def _judged(verdict: Verdict | None) -> list[str]:
    """What the judge said against it, with the quote where that stands in a text."""
    if verdict is None:
        return []
    questions = {"not valid": verdict.valid, "not self-contained": verdict.self_contained,
                 "another intent": verdict.intent_kept, "contradicts itself": verdict.consistent}  # fmt: skip
    said = [words for words, answer in questions.items() if answer is False]
    said += ["not harder than the original"] if verdict.harder in ("original", "same") else []
    quote = f": {shortened(verdict.evidence, _EVIDENCE_CHARS)}" if verdict.grounded and verdict.evidence else ""
    return [f"judge: {', '.join(said)}{quote}"] if said else []


def shortened(text: str, limit: int) -> str:
    """The text, or its first two thirds and last third of `limit` characters with a mark between."""
    if len(text) <= limit:
        return text
    head = limit * 2 // 3
    return f"{text[:head]} […] {text[len(text) - (limit - head) :]}"
