"""What `autoevol judge-audit` found, in lines for a terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..scoring.audit import JUDGED, AuditReport, AuditRow, ClassLine, Measure
from ..scoring.judge_health import RUBRIC, judge_lines, told
from ..scoring.rates import Rate

__all__ = ["audit_lines", "audit_markdown"]

_LONGEST = 160  # characters of one text
_CLASS_HEADS = ("class", "rows", "free", "judge", "either order", "not harder")
_CLASS_KEY = ("free: stopped by a free detector. Of the rest, judge: refused; either order: refused in one of both; "
              "not harder: not named as the harder text. A row with several flaws counts in each.")  # fmt: skip


def audit_lines(report: AuditReport) -> list[str]:
    """For a terminal."""
    lines = [f"{len(report.rows)} labelled rows, {report.shown} shown to the judge", ""]
    lines += _columns([_measure_cells(name, measure) for name, measure in report.measures.items()],
                      ("flawed rows found by", "precision", "recall", "good rows refused"))  # fmt: skip
    for language, measures in report.languages.items():
        if len(report.languages) > 1:
            lines += ["", f"Language {language}"]
            lines += _columns([_measure_cells(name, measure) for name, measure in measures.items()])
    for title, classes in _parts(report.classes):
        if classes:
            lines += ["", title, f"  {_CLASS_KEY}", *_columns([_class_cells(line) for line in classes], _CLASS_HEADS)]
    lines += ["", "Which is harder, where it named one", f"  good rows, named as harder        {report.harder_good}"]
    lines += [f"  no harder rows, not named harder  {report.not_harder}", ""]
    return [*lines, *judge_lines(report.health)]


def audit_markdown(report: AuditReport, title: str) -> str:
    """A page with the same figures, the rows that only a judge can see, and the good rows that it refused."""
    return "\n".join(_sections(report, title)) + "\n"


def _sections(report: AuditReport, title: str) -> Iterator[str]:
    yield f"# {_cell(title)}"
    yield ""
    yield f"{len(report.rows)} labelled rows, {report.shown} of them shown to the judge. Intervals are 95 % (Wilson)."
    heads = ("flawed rows found by", "precision", "recall", "good rows refused")
    for name, measures in {"All rows": report.measures, **_named(report.languages)}.items():
        yield from ("", f"## {name}", "")
        yield from _table(heads, [_measure_cells(who, measure) for who, measure in measures.items()])
    for name, classes in _parts(report.classes):
        if classes:
            yield from ("", f"## {name}", "", _CLASS_KEY, "")
            yield from _table(_CLASS_HEADS, [_class_cells(line) for line in classes])
    yield from ("", "## Which is harder", "")
    yield f"Good rows that were named as harder: {report.harder_good}. "
    yield f"Rows that are no harder and were not named so: {report.not_harder}."
    yield from ("", "## The judge", "", "```text", *judge_lines(report.health), "```")
    apart = [each for each in report.rows if each.looks and set(JUDGED) & set(each.row.flaws)]
    yield from _listed("Flaws that need a judge, row by row", apart)
    alarms = [each for each in report.rows if each.row.good and each.refused_either]
    yield from _listed("Good rows that it refused", alarms)


def _listed(title: str, rows: Sequence[AuditRow]) -> Iterator[str]:
    if rows:
        yield from ("", f"## {title}", "")
        heads = ("row", "what a person says", "what the judge says, look by look")
        yield from _table(heads, [(each.row.id, _gold(each), _said(each)) for each in rows])


def _gold(each: AuditRow) -> str:
    return f"{', '.join(each.row.flaws) or 'good'}: {each.row.why}"


def _said(each: AuditRow) -> str:
    words: list[str] = []
    for look in each.looks:
        verdict = look.verdict
        if verdict is None or verdict.fault:
            words.append("no answer" if verdict is None else verdict.fault)
            continue
        noes = [f"not {told(name)}" for name in RUBRIC if getattr(verdict, name) is False]
        noes += [f"not {told(name)}, without proof" for name in verdict.ungrounded]
        said = ", ".join(noes) or "no objection"
        quote = f" (“{verdict.evidence[:_LONGEST]}”)" if noes and verdict.evidence else ""
        words.append(f"{said}{quote}; harder: {verdict.harder or 'unsure'}")
    return " / ".join(words)


def _parts(classes: Sequence[ClassLine]) -> tuple[tuple[str, list[ClassLine]], ...]:
    return (
        ("Flaws that need a judge", [line for line in classes if line.flaw in JUDGED]),
        ("Flaws that free detectors can see", [line for line in classes if line.flaw not in JUDGED]),
    )


def _named(languages: Mapping[str, Mapping[str, Measure]]) -> dict[str, Mapping[str, Measure]]:
    return {f"Language {name}": measures for name, measures in languages.items()} if len(languages) > 1 else {}


def _measure_cells(name: str, measure: Measure) -> tuple[str, ...]:
    return name, _short(measure.precision), _short(measure.recall), _short(measure.false_alarms)


def _class_cells(line: ClassLine) -> tuple[str, ...]:
    rates = (line.gates, line.judge, line.either, line.not_harder)
    return line.flaw, str(line.rows), *(f"{rate.hits}/{rate.of}" if rate.of else "-" for rate in rates)


def _short(rate: Rate) -> str:
    if not rate.of:
        return "-"
    low, high = rate.interval
    return f"{rate.hits}/{rate.of} = {rate.hits / rate.of:.2f} ({low:.2f} to {high:.2f})"


def _columns(rows: Sequence[tuple[str, ...]], heads: tuple[str, ...] = ()) -> list[str]:
    every = [heads, *rows] if heads else list(rows)
    widths = [max(len(row[column]) for row in every) for column in range(len(every[0]))] if every else []
    return [
        f"  {'  '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()}" for row in every
    ]


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    yield from (f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows)


def _cell(text: str) -> str:
    """Text of anybody's in a table: one line, no markup, nothing that a terminal obeys."""
    plain = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    for sign in "\\`*_[]|<>":
        plain = plain.replace(sign, f"\\{sign}")
    return plain
