"""Where a program's network came from, if it was quantized before it was compiled."""

from __future__ import annotations

from dataclasses import replace

from neurodeploy.compiler.program import Program
from neurodeploy.network import Quantized


def with_origin(program: Program, origin: Quantized, keep_source: bool = True) -> Program:
    """The program with the float network and the rows of the quantization that its network went through before.

    Args:
        program: compiled from `origin.network`.
        origin: that network and what is known of it.
        keep_source: whether the float network is stored too.
    """
    if not origin.is_known:
        return program
    whole = origin.then(program.network, program.quantization, keep_source)
    return replace(program, source=whole.source, source_omitted=whole.source_omitted, quantization=whole.errors)
