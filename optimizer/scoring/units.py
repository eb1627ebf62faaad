"""Units that can be converted into each other: name → (dimension, how many of the smallest one it is)."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType

__all__ = ["UNITS"]

# Dimension, size, names. Ambiguous ones are left out: 分 (minutes, cents, points), pound (money, mass).
_TABLE = """
length 1 mm millimeter millimeters millimetre millimetres 毫米
length 10 cm centimeter centimeters centimetre centimetres 厘米
length 1000 m meter meters metre metres 米
length 1000000 km kilometer kilometers kilometre kilometres 千米 公里
length 25.4 inch inches 英寸
length 304.8 ft foot feet 英尺
length 914.4 yard yards
length 1609344 mile miles 英里
mass 0.001 mg milligram milligrams 毫克
mass 1 g gram grams 克
mass 500 斤
mass 1000 kg kilogram kilograms 千克 公斤
mass 1000000 ton tons tonne tonnes 吨
time 1 s sec second seconds 秒
time 60 min mins minute minutes 分钟
time 3600 h hr hrs hour hours 小时 个小时
time 86400 day days 天
time 604800 week weeks 周 星期 个星期
volume 1 ml milliliter milliliters millilitre millilitres 毫升
volume 1000 l liter liters litre litres 升
dollars 1 cent cents ¢
dollars 100 $ us$ usd dollar dollars 美元
yuan 1 角 jiao
yuan 10 ¥ rmb cny yuan 元 块 块钱 人民币
euros 1 € eur euro euros 欧元
pounds 1 £ gbp 英镑
"""


def _read() -> dict[str, tuple[str, Fraction]]:
    rows = (line.split() for line in _TABLE.strip().splitlines())
    return {name: (dimension, Fraction(size)) for dimension, size, *names in rows for name in names}


UNITS: Mapping[str, tuple[str, Fraction]] = MappingProxyType(_read())
