"""The functions that generated C99 calls; a source holds those that it needs, in this order."""

from __future__ import annotations

from collections.abc import Container

_LOIHI = """\
/* u in its 24 bits; q is only known modulo 2^32, which is enough. */
static int32_t wrapped(int32_t u, uint32_t q)
{
    return (int32_t)(((uint32_t)u + q + 0x800000u) & 0xFFFFFFu) - 0x800000;
}"""
_WIDE_LOIHI = """\
/* u in its 24 bits. */
static int32_t wrapped(int32_t u, int64_t q)
{
    return (int32_t)(((uint32_t)u + (uint32_t)q + 0x800000u) & 0xFFFFFFu) - 0x800000;
}"""
_LAVA = """\
/* u corrected once when it leaves 24 bits, as Lava does. */
static int64_t wrapped(int64_t u, int64_t q)
{
    const int64_t sum = u + q;
    return sum > 0x800000 ? sum - 0x1000000 : sum <= -0x800000 ? sum + 0x1000000 : sum;
}"""
_DECAYED = """\
/* value * kept / 4096, truncated toward zero. */
static {current} decayed({current} value, int32_t kept)
{{
    const int64_t size = value < 0 ? -(int64_t)value : value;
    const int64_t left = (size * kept) >> 12;
    return ({current})(value < 0 ? -left : left);
}}"""
_CLIPPED = """\
/* v in its 24 bits, saturated. */
static int32_t clipped(int64_t v)
{
    return v > 0x7FFFFF ? 0x7FFFFF : v < -0x7FFFFF ? -0x7FFFFF : (int32_t)v;
}"""
_TURNED = """\
/* value * factor / 4096, truncated toward zero, for factors of either sign. */
static int64_t turned(int32_t value, int32_t factor)
{
    return (int64_t)value * factor / 4096;
}"""
_WORD = """\
/* Modulo 2^32, as integers of 32 bits wrap. */
static int32_t word(int64_t value)
{
    return (int32_t)((int64_t)(((uint64_t)value + 0x80000000u) & 0xFFFFFFFFu) - 0x80000000);
}"""
_REACHES = """\
/* |value| >= least in 32 bits, in which -2^31 is its own opposite. */
static int reaches(int32_t value, int32_t least)
{
    return value >= 0 ? value >= least : value != INT32_MIN && -value >= least;
}"""
_FLOORED = """\
/* value / 2^bits, rounded down. */
static int64_t floored(int64_t value, int bits)
{
    const int64_t unit = (int64_t)1 << bits;
    return (value - (value % unit + unit) % unit) / unit;
}"""
_DUE = """\
/* Whether a population resets before the update of a step. */
static int due(uint64_t step, uint64_t first, uint64_t interval)
{
    return step >= first && (step - first) % interval == 0;
}"""


def helpers(needed: Container[str], profile: str, current: str, sums: str) -> list[str]:
    """The definitions of those functions whose names are needed.

    Args:
        needed: names.
        profile: "loihi" or "lava-0.10".
        current: type of u.
        sums: type of q.
    """
    loihi = _LOIHI if sums == "uint32_t" else _WIDE_LOIHI
    known = {
        "wrapped": loihi if profile == "loihi" else _LAVA,
        "decayed": _DECAYED.format(current=current),
        "clipped": _CLIPPED,
        "turned": _TURNED,
        "word": _WORD,
        "reaches": _REACHES,
        "floored": _FLOORED,
        "due": _DUE,
    }
    return [text for name, text in known.items() if name in needed]
