"""From a network to a program: quantize, partition, place, route."""

from neurodeploy.compiler.compile import CompileOptions, compile_network
from neurodeploy.compiler.program import Program

__all__ = ["CompileOptions", "Program", "compile_network"]
