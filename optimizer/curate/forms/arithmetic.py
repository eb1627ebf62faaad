"""Arithmetic in five forms: the result, the result backwards, two kinds of scratchpad, steps in words.

Layouts of the first four as in the data of arXiv 2307.03381 (section 2; MIT), so that question and answer joined are
its lines. Its code has no simplified scratchpad of a product; the one here is ours, as are the steps in words. Its
simplified scratchpad of a sum, as the code stands, writes digits at random after the first that is not 0, for a switch
takes the value of a digit; here they are right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from .problems import Operation, Problem

__all__ = ["FORMS", "ArithmeticForm", "Wording", "answer", "question"]

ArithmeticForm = Literal["plain", "reverse", "simplified", "detailed", "steps"]
Wording = Literal["words", "symbols"]
_PLACES = ("ones", "tens", "hundreds", "thousands", "ten thousands", "hundred thousands", "millions")
_ASKED: Mapping[ArithmeticForm, str] = {
    "plain": "Answer with the number only.",
    "reverse": "Answer with the digits of the result in reverse order, the ones first.",
    "simplified": (
        "Write one line for each digit from the right: the digit that comes out (A) and what is carried (C). "
        "Put the result on the last line."
    ),
    "detailed": (
        "Work on a scratchpad, digit by digit from the right, then write the result with spaces between its digits."
    ),
    "steps": "Show the steps.",
}
_ASKED_OTHERWISE: Mapping[tuple[Operation, ArithmeticForm], str] = {
    ("subtract", "reverse"): "Answer with the digits of the result in reverse order, the ones first and a minus last.",
    ("subtract", "simplified"): (
        "Write one line for each digit from the right: the digit that comes out (A; the last may be below 0) and what "
        "is borrowed (C, 0 or -1). Then put the digits together, and the result on the last line."
    ),
    ("multiply", "simplified"): (
        "Write one line for each digit of the second number from the right: what it adds (A) and the sum so far (C). "
        "Put the result on the last line."
    ),
    ("multiply", "detailed"): (
        "Work on a scratchpad, one line for each digit of the second number from the right, then write the result with "
        "spaces between its digits."
    ),
}


def question(problem: Problem, form: ArithmeticForm, wording: Wording) -> str:
    """The problem as it is asked: in a sentence with what form is wanted, or as the paper's data begin."""
    if wording == "words":
        wanted = _ASKED_OTHERWISE.get((problem.operation, form), _ASKED[form])
        return f"What is {problem.a} {problem.sign} {problem.b}? {wanted}"
    said = f"{problem.a}{problem.sign}{problem.b}"
    if form in ("simplified", "detailed"):
        return f"Input:\n{said}\nTarget:\n"
    return f"What is {said}?" if form == "steps" else f"{'$' if form == 'reverse' else ''}{said}="


def answer(problem: Problem, form: ArithmeticForm, wording: Wording) -> str:
    """The only right answer in this form."""
    text = FORMS[form](problem)
    return f"{text}$" if form == "reverse" and wording == "symbols" else text


def _plain(problem: Problem) -> str:
    return str(problem.result)


def _reverse(problem: Problem) -> str:
    return str(problem.result)[::-1]


# ------------------------------------------------------------ scratchpads


def _steps_of(problem: Problem) -> Iterator[tuple[int, int, int, int, int]]:
    """Of a sum or difference, from the ones: both digits, what was carried, the digit that comes out, what is carried.

    In a difference a borrow is carried as -1, and the last place keeps what is below 0.
    """
    x, y = str(problem.a)[::-1], str(problem.b)[::-1]
    carry, places = 0, max(len(x), len(y))
    for place in range(places):
        a, b = (int(each[place]) if place < len(each) else 0 for each in (x, y))
        if problem.operation == "add":
            after, digit = divmod(a + b + carry, 10)
        else:
            digit = a - b + carry
            after = -1 if digit < 0 else 0
            digit += 10 if digit < 0 and place < places - 1 else 0
        yield a, b, carry, digit, after
        carry = after


def _simplified(problem: Problem) -> str:
    if problem.operation == "multiply":
        lines = [f"A->{part} , C->{total}" for _, _, part, total in _products(problem)]
        return "\n".join(lines) + f".\n{problem.result}"
    steps = [*_steps_of(problem)]
    lines = [f"A->{digit} , C->{after}" for *_, digit, after in steps]
    if problem.operation == "add":
        return "\n".join(lines) + f".\n{problem.result}"
    return "\n".join([*lines, f"{_joined(steps)}.", str(problem.result)])


def _joined(steps: list[tuple[int, int, int, int, int]]) -> str:
    """The last place of a difference, which may be below 0, and all others: `-200+45=-155`."""
    *low, high = [digit for *_, digit, _ in steps]
    first = high * 10 ** len(low)
    rest = sum(digit * 10**place for place, digit in enumerate(low))
    return f"{first}+{rest}={first + rest}"


def _detailed(problem: Problem) -> str:
    lines = ["<scratch>", *(f"{_digits(each)} has {len(str(each))} digits." for each in (problem.a, problem.b))]
    if problem.operation == "multiply":
        lines += _multiplied(problem)
    else:
        lines += _digit_lines(problem)
    sign = "-" if problem.result < 0 else ""
    return "\n".join([*lines, "</scratch>", sign + " ".join(str(abs(problem.result)))])


def _digit_lines(problem: Problem) -> list[str]:
    left: tuple[str, ...] = (str(problem.a), str(problem.b))
    out: list[int] = []
    lines: list[str] = []
    steps = [*_steps_of(problem)]
    for place, (a, b, carry, digit, after) in enumerate(steps):
        last = place == len(steps) - 1
        if problem.operation == "add":
            work = f"{a}+{b}+{carry}={10 * after + digit}"
        else:
            work = f"{a}-{b}-{-carry}{'+10' if after and not last else ''}={digit}"
        lines.append(f"{_list(left[0])} {problem.sign} {_list(left[1])} , A={_values(out)} , C={carry} , {work} , "
                     f"A->{digit} , C->{after}")  # fmt: skip
        out.insert(0, digit)
        left = tuple(each[:-1] for each in left)
    if problem.operation == "add":
        return [*lines, f"[] + [] , A={_values(out)} C={steps[-1][-1]} , END"]
    return [*lines, f"[] - [] , A={_values(out)}", f"{_joined(steps)} , END"]


def _products(problem: Problem) -> Iterator[tuple[int, int, int, int]]:
    """Of a product, for each digit of the second number from the ones: digit, its place's value, what it adds, sum."""
    total = 0
    for place, digit in enumerate(str(problem.b)[::-1]):
        part = problem.a * int(digit) * 10**place
        total += part
        yield int(digit), 10**place, part, total


def _multiplied(problem: Problem) -> list[str]:
    lines: list[str] = []
    before = 0
    for digit, value, part, total in _products(problem):
        own = f"A={_digits(problem.a * digit)} , k={value} , B={_digits(part)} , C={before}+{part}={total}"
        lines.append(f"{_digits(problem.a)} * {digit} , {own}")
        before = total
    return [*lines[:-1], f"{lines[-1]} , END"]


def _digits(number: int) -> str:
    return _list(str(number))


def _list(text: str) -> str:
    return f"[{','.join(text)}]"


def _values(numbers: list[int]) -> str:
    return f"[{','.join(map(str, numbers))}]"


# ------------------------------------------------------------ steps in words


def _words(problem: Problem) -> str:
    if problem.operation == "multiply":
        lines = _product_words(problem)
    elif problem.operation == "add":
        lines = _sum_words(problem)
    else:
        lines = _difference_words(problem)
    return "\n".join([*lines, f"So {problem.a} {problem.sign} {problem.b} = {problem.result}."])


def _sum_words(problem: Problem) -> Iterator[str]:
    after = 0
    for place, (a, b, carry, digit, after) in enumerate(_steps_of(problem)):
        work = f"{a} + {b}{' + 1 carried' if carry else ''} = {10 * after + digit}"
        yield f"{_place(place)}: {work}; write {digit}{', carry 1' if after else ''}."
    if after:
        yield "Write the carried 1 in front."


def _difference_words(problem: Problem) -> Iterator[str]:
    large, small = max(problem.a, problem.b), min(problem.a, problem.b)
    if problem.result < 0:
        yield f"{problem.b} is larger than {problem.a}, so the result is negative: work out {large} - {small}."
    for place, (a, b, carry, digit, after) in enumerate(_steps_of(Problem("subtract", large, small))):
        taken = f" - {b}{' - 1 borrowed' if carry else ''}"
        work = f"{a + 10}{taken} = {digit}, with 10 borrowed" if after else f"{a}{taken} = {digit}"
        yield f"{_place(place)}: {work}; write {digit}."


def _product_words(problem: Problem) -> Iterator[str]:
    """Each digit of the second number times the first one, which is taken apart where it has several digits."""
    parts = [*_products(problem)]
    whole = str(problem.a)
    split = [int(digit) * 10 ** (len(whole) - 1 - place) for place, digit in enumerate(whole) if digit != "0"]
    for digit, value, part, _ in parts:
        factor = digit * value
        if len(split) > 1 and factor:
            products = " + ".join(f"{each} * {factor}" for each in split)
            sums = " + ".join(str(each * factor) for each in split)
            yield f"{problem.a} * {factor} = {products} = {sums} = {part}."
        elif len(parts) > 1:
            yield f"{problem.a} * {factor} = {part}."
    if len(parts) > 1:
        yield f"{' + '.join(str(part) for _, _, part, _ in parts)} = {problem.result}."


def _place(place: int) -> str:
    name = _PLACES[place] if place < len(_PLACES) else f"10^{place}"
    return name[0].upper() + name[1:]


FORMS: Mapping[ArithmeticForm, Callable[[Problem], str]] = {
    "plain": _plain, "reverse": _reverse, "simplified": _simplified, "detailed": _detailed, "steps": _words,
}  # fmt: skip
"""What writes each form."""
