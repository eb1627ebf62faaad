"""What the simulated provider says, in English and Chinese: parts of sentences, put together by chance."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CHINESE", "ENGLISH", "Sayings"]


@dataclass(frozen=True, slots=True)
class Sayings:
    """The words of one language.

    Attributes:
        additions: sentences that make a task harder; each has two places for numbers.
        ways, things, ends: three parts of an advice to a rewriter.
        problems: what may be wrong with a method.
        remarks: why something is done, in a few words.
        refusal: what is said by who keeps no form.
        subjects, verbs, objects: three parts of a sentence of a free answer.
        result: how a free answer begins; it has a place for a number.
        joint: what stands between sentences.
        full_stops: what ends one.
    """

    additions: tuple[str, ...]
    ways: tuple[str, ...]
    things: tuple[str, ...]
    ends: tuple[str, ...]
    problems: tuple[str, ...]
    remarks: tuple[str, ...]
    refusal: str
    subjects: tuple[str, ...]
    verbs: tuple[str, ...]
    objects: tuple[str, ...]
    result: str
    joint: str
    full_stops: str


ENGLISH = Sayings(
    additions=(
        "There are also {a} boxes with {b} parts each, and a third of them must be left out.",
        "Assume that {a} of every {b} entries are missing and say how that changes the outcome.",
        "It has to work for {a} people at once and may not take longer than {b} minutes.",
        "Compare at least {b} ways to do it and explain which fits best when only {a} euros are left.",
        "An hour later {a} more arrive, of which {b} turn out to be of another kind.",
        "Keep within {a}0 words and treat {b} exceptions that a careful reader would raise.",
        "On every {b}th day the amount falls by {a} percent before anything else happens.",
        "Show how the answer changes if the first {a} values are doubled and the last {b} are dropped.",
        "Explain it to an audience of {a} beginners and {b} experts at the same time.",
    ),
    ways=(
        "Add one condition that", "Choose a later event that", "Replace a plain quantity by one that",
        "Ask for a comparison that", "Bring in a second party who", "Set a limit that", "Name an exception that",
        "Turn one fact into a rule that",
    ),
    things=(
        "changes the order of the operations", "cannot be met by the first idea", "touches every fact given so far",
        "needs a decision between two costs", "holds only for a part of the cases", "depends on an earlier result",
        "forces a second look at the units", "makes a shortcut fail",
    ),
    ends=(
        "and check that it fits the story.", "without making the text much longer.",
        "and say it in one plain sentence.", "before the question is asked.", "while all names and numbers stay.",
        "and drop what only decorates.",
    ),
    problems=("longer but not harder", "text left as it was", "form not kept", "condition without effect",
              "unclear what is asked", "fact that is missing"),
    remarks=("one more condition that matters", "a limit and an exception", "a second stage of reasoning",
             "results were too close to the original", "conditions had no effect on the answer"),
    refusal="I would rather write this down freely, without any special form.",
    subjects=(
        "The first part", "A careful reader", "This step", "The second value", "Every case", "The table",
        "A short list", "The remaining share", "One example", "The usual rule", "A larger sample", "The final line",
    ),
    verbs=(
        "depends on", "follows from", "is checked against", "adds to", "stands beside", "explains", "is derived from",
        "limits", "repeats", "comes before", "agrees with", "narrows",
    ),
    objects=(
        "the numbers that were given", "the condition in the question", "what was counted before", "the smaller group",
        "an exception that matters", "the order of the events", "the unit of each quantity", "the cost of the whole",
        "the hours that are left", "the reason for the change", "both sides of the comparison", "the text as it stands",
    ),
    result="Worked out step by step, the result is {result}. ",
    joint=" ",
    full_stops=".!?",
)  # fmt: skip

CHINESE = Sayings(
    additions=(
        "另外还有{a}个箱子，每箱{b}件，其中三分之一不能计入。",
        "假设每{b}条记录中有{a}条缺失，并说明这会怎样影响结果。",
        "必须同时适用于{a}个人，而且不能超过{b}分钟。",
        "至少比较{b}种做法，并说明只剩{a}元时哪一种最合适。",
        "一小时后又来了{a}个，其中{b}个属于另一类。",
        "控制在{a}0字以内，并处理{b}个细心读者会提出的例外。",
        "每到第{b}天，数量先减少百分之{a}，再进行其他变化。",
        "说明前{a}个数值加倍、后{b}个数值去掉时答案如何变化。",
    ),
    ways=(
        "增加一个条件，使它", "加入一个后来发生的事件，让它", "把一个固定的量换成另一个量，要求它",
        "要求作一个比较，而且", "引入第二个人物，他", "设定一个限制，它", "指出一个例外，它",
        "把一个事实改成一条规则，它",
    ),
    things=(
        "改变运算的先后顺序", "不能用第一个想法解决", "牵涉到前面的所有事实", "需要在两种代价之间选择",
        "只对一部分情况成立", "依赖于前面的结果", "迫使读者重新检查单位", "让捷径行不通",
    ),
    ends=(
        "，并检查它是否合乎情理。", "，但不要让文字变长很多。", "，用一句简单的话说出来。", "，并放在提问之前。",
        "，同时保留所有名称和数字。", "，去掉只起装饰作用的内容。",
    ),
    problems=("变长但没有变难", "文字没有变化", "没有保持格式", "条件不起作用", "问题不清楚", "缺少必要的事实"),
    remarks=("增加一个有影响的条件", "加入限制和例外", "增加一层推理", "结果与原文太接近", "条件对答案没有影响"),
    refusal="我想自由地写下来，不用任何特别的格式。",
    subjects=(
        "第一部分", "细心的读者", "这一步", "第二个数", "每种情况", "这张表", "剩下的份额", "一个例子",
        "通常的规则", "最后一行",
    ),
    verbs=("取决于", "来自于", "可以对照", "补充了", "说明了", "限制了", "重复了", "先于", "符合", "缩小了"),
    objects=(
        "已知的数字", "题目中的条件", "前面数过的东西", "较小的一组", "一个重要的例外", "事情的先后顺序",
        "每个量的单位", "全部的费用", "剩下的时间", "变化的原因",
    ),
    result="一步一步算下来，结果是{result}。",
    joint="",
    full_stops="。！？.!?",
)  # fmt: skip
