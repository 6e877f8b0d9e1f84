"""An independent judge of compiled programs, written from the published limits alone.

It shares no code with the passes that make programs: it reads only the finished tables and the network, so that
a bug of the compiler cannot hide in its own checks. `check` looks at every limit and every reference of the
mapping; `replay` sends spikes through it and compares what arrives with the network evaluated directly.
"""

from __future__ import annotations

from neurodeploy.compiler.checker import limits, memory, storage, tables, wiring
from neurodeploy.compiler.checker.layout import Layout
from neurodeploy.compiler.checker.replay import replay
from neurodeploy.compiler.checker.violation import Violation
from neurodeploy.compiler.program import Program

__all__ = ["Violation", "check", "replay"]


def check(program: Program) -> tuple[Violation, ...]:
    """Everything that is wrong with a program; nothing for a correct one.

    Tables whose lengths or indices are damaged are reported alone, since the rules cannot be read from them.
    """
    damaged = tuple(tables.faults(program))
    if damaged:
        return damaged
    layout = Layout(program)
    rules = (*limits.RULES, *memory.RULES, *storage.RULES, *wiring.RULES)
    return tuple(violation for rule in rules for violation in rule(layout))
