"""Numerals in prose: where they stand, which of them need a mark, and how a value is written."""
from __future__ import annotations

import dataclasses
import re
from decimal import ROUND_HALF_UP, Decimal

MINUS = "−"
SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
PLAIN = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
NUMERAL = re.compile(
    r"(?<![\w.,/^-])(?P<sign>(?:(?<=[\s\[(|*>])|(?<![^\n]))[+−-])?(?P<digits>\d{1,3}(?:,\d{3})+|\d+)(?P<fraction>\.\d+)?"
    r"(?P<power> ?· ?10[⁻⁰¹²³⁴-⁹]+)?(?![\w]|\.\d)")
# What makes a numeral one of a measurement, where it follows.
UNITS = (r"ms|s|µs|us|ns|min|minutes?|seconds?|hours?|GB/s|MB/s|GB|GiB|MB|MiB|KiB|kB|bytes?|bits?|nats?|%|percent|points?|"
         r"tokens/s|tok/s|J|W|GFLOP/s|×|times")
COMMENT_CHARACTER = "\2"  # stands for each character of a comment, which no reader sees
CLOSING = rf"[\])*{COMMENT_CHARACTER}]*"
UNIT_AFTER = re.compile(rf"{CLOSING}[  \n]?(?:(?:{UNITS})(?!\w)|%|×(?!\s?\d))")
PARTNER_AFTER = re.compile(rf"{CLOSING}(?:,| to| and| or|–|…)\s+")
# Numerals that name or define something and measure nothing, with why; the whole match needs no mark.
EXCEPTIONS = (
    (r"95 %(?=\s+(?:interval|confidence))", "the level of an interval"),
    (r"\b\d+\.\d+\.\d+\b|\b2\.11\b", "versions"),
    (r"1\.91(?=-billion| B\b)", "the name of the announced model"),
    (r"\d+(?:\.\d+)? [GM]i?B of (?:disk|RAM)", "what a command needs"),
)


@dataclasses.dataclass
class Numeral:
    start: int
    end: int
    text: str
    sign: str
    decimals: int
    commas: bool
    power: int | None  # the exponent of ten where the numeral has one
    value: Decimal


def numeral_of(match: re.Match) -> Numeral:
    sign, power = match["sign"] or "", match["power"]
    fraction = match["fraction"] or ""
    exponent = int(power.split("10", 1)[1].translate(SUPERSCRIPTS)) if power else None
    value = Decimal(match["digits"].replace(",", "") + fraction).scaleb(exponent or 0)
    return Numeral(match.start(), match.end(), match[0], sign, max(len(fraction) - 1, 0), "," in match["digits"], exponent,
                   -value if sign in ("-", MINUS) else value)


def numerals_in(prose: str) -> list[Numeral]:
    return [numeral_of(match) for match in NUMERAL.finditer(prose)]


def needs_mark(prose: str, numeral: Numeral) -> bool:
    """Whether a numeral stands for a measurement: it has a unit, a fraction, a sign, or a partner that has a unit."""
    if numeral.decimals or numeral.sign or numeral.power is not None:
        return True
    if prose[:numeral.start].rstrip(" *").endswith("±") or UNIT_AFTER.match(prose, numeral.end):
        return True
    partner = PARTNER_AFTER.match(prose, numeral.end)
    following = NUMERAL.match(prose, partner.end()) if partner else None
    return bool(following) and UNIT_AFTER.match(prose, following.end()) is not None


def written_like(value: float, numeral: Numeral) -> str:
    """`value` with the digits, the thousands separators and the plus sign of `numeral`.

    Halves are rounded away from zero, on the shortest decimal that names the float.  A zero has no sign: a sign that is left
    over from what was rounded away would claim something.
    """
    exact = Decimal(repr(float(value))).scaleb(-(numeral.power or 0))
    rounded = exact.quantize(Decimal(1).scaleb(-numeral.decimals), rounding=ROUND_HALF_UP)
    magnitude = abs(rounded)
    commas = numeral.commas or (magnitude >= 1000 > abs(numeral.value))
    digits = f"{magnitude:,f}" if commas else f"{magnitude:f}"
    sign = MINUS if rounded < 0 else "+" if numeral.sign == "+" and rounded > 0 else ""
    power = f" · 10{str(numeral.power).translate(PLAIN)}" if numeral.power is not None else ""
    return sign + digits + power
