"""Why a layer takes what it takes, from the program alone: where it was cut, and what other formats would take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurodeploy.compiler.formats import MOST_FORMATS, choose_formats, own_format, sensible_formats
from neurodeploy.compiler.laying import lay_out
from neurodeploy.compiler.layout import LaidOut, Part
from neurodeploy.compiler.memory import WORD_BITS, Compression, Memory, SynapseFormat, delay_bits, index_bits
from neurodeploy.compiler.program import Program
from neurodeploy.compiler.target import Target
from neurodeploy.compiler.viterbi import Costs
from neurodeploy.errors import OptionError
from neurodeploy.network import Dense, Population, Projection
from neurodeploy.precision import IntArray, SignMode


@dataclass(frozen=True, eq=False)
class _Stretch:
    """What one core holds of the layer: positions first … last − 1, and the width of an index on that core."""

    core: int
    first: int
    last: int
    index_bits: int


@dataclass(frozen=True, eq=False)
class _Way:
    """A way to store a projection: its formats, and whether an axon may use one only."""

    text: str
    formats: tuple[SynapseFormat, ...]
    one_per_axon: bool = False


def explained(program: Program, layer: str, progress: Callable[[str], None]) -> dict[str, Any]:
    """Everything about one population.

    Args:
        program: compiled.
        layer: name of a population on cores.
        progress: called with the text of each way to store it before it is counted.

    Returns:
        A JSON-ready object: `layer`, `neurons`, `cores`, `layout` (a sentence), `cut`: neurons on each of its cores;
        `stretches`, `fills`, `formats`, `stored_words`: see `census`; `shared_with`: other populations on its cores,
        and on how many; `ways`: per projection what ways to store it would take at the same cut, in words by the
        target's rule and in cores full of them.

    Raises:
        OptionError: a population that is not there, or runs on the host.
    """
    names = [p.name for p in program.network.populations[1:]]
    if layer not in names:
        raise OptionError(f"layer {layer}", "is none on cores", f"choose from {', '.join(names)}")
    index = names.index(layer) + 1
    population = program.network.populations[index]
    order, stretches = _stretches(program, index)
    summary: dict[str, Any] = next(
        (row for row in program.summary.get("populations", ()) if row.get("name") == layer), {}
    )
    return {
        "layer": layer,
        "neurons": population.neurons,
        "cores": len(stretches),
        "layout": _layout(population, order, program.network.into(layer)),
        "cut": [{"core": s.core, "neurons": s.last - s.first} for s in stretches],
        "stretches": summary.get("stretches", {}),
        "fills": summary.get("fills", {}),
        "shared_with": _shared(program, index),
        "formats": summary.get("formats", []),
        "stored_words": summary.get("synapse_words", 0),
        "ways": [
            way
            for projection in program.network.into(layer)
            for way in _ways(program, projection, order, stretches, progress)
        ],
    }


def _stretches(program: Program, index: int) -> tuple[IntArray, list[_Stretch]]:
    """The layout of a population as its cores have it, and where it was cut."""
    cores = program.cores
    size = np.diff(cores.compartment_start)
    core = np.repeat(np.arange(len(cores)), size)
    mine = np.flatnonzero(cores.population == index)
    held = np.bincount(core[mine], minlength=len(cores))
    last = np.cumsum(held)
    return np.asarray(cores.neuron[mine], np.int64), [
        _Stretch(int(k), int(last[k] - held[k]), int(last[k]), index_bits(int(size[k]))) for k in np.flatnonzero(held)
    ]


def _layout(population: Population, order: IntArray, incoming: Sequence[Projection]) -> str:
    shape = population.shape or ()
    if len(shape) == 3 and population.neurons > max(shape):
        if shape[0] > 1 and order[1] - order[0] == 1:
            return "plane after plane"
        return "channel innermost, row by row of strips, so that a stretch is a tile and a pixel's kernel rows are runs"
    if incoming and all(isinstance(p.synapse, Dense) for p in incoming):
        return "by the spread of their weights, so that neurons with narrow weights share cores"
    return "as they are numbered"


def _shared(program: Program, index: int) -> dict[str, int]:
    """On how many of its cores each other population stands."""
    cores = program.cores
    core = np.repeat(np.arange(len(cores)), np.diff(cores.compartment_start))
    pairs = np.unique(np.stack([core, np.asarray(cores.population, np.int64)]), axis=1)
    mine = set(pairs[0][pairs[1] == index].tolist())
    found = Counter(p for k, p in pairs.T.tolist() if k in mine and p != index)
    return {program.network.populations[p].name: cores for p, cores in found.most_common()}


def _ways(
    program: Program,
    projection: Projection,
    order: IntArray,
    stretches: list[_Stretch],
    progress: Callable[[str], None],
) -> Iterator[dict[str, Any]]:
    """What each way to store a projection takes on the same cores."""
    target = program.target
    laid = lay_out(program.network, projection, order)
    parts = [laid.part(s.first, s.last) for s in stretches]
    costs = Costs(index_bits(target.core.compartments), target.memory_rule != "nxtf")
    for way in _tried(laid, target, costs):
        progress(way.text)
        words = sum(_words(laid, part, s, way, costs, target) for part, s in zip(parts, stretches, strict=True))
        yield {
            "projection": projection.name,
            "way": way.text,
            "formats": sorted({f"{f.bits}-bit {f.sign_mode.name.lower()}" for f in way.formats}),
            "words": words,
            "fills": round(words / target.core.synapse_words, 4),
        }


def _tried(laid: LaidOut, target: Target, costs: Costs) -> Iterator[_Way]:
    own = own_format(laid)
    yield _Way(f"dense, {own.bits}-bit {own.sign_mode.name.lower()} as quantized", (own,))
    complete = sensible_formats(laid, target)[1]
    for compression in Compression:
        of_kind = [form for form in complete if form.compression is compression]
        if of_kind:
            narrow = min(of_kind, key=lambda form: (form.bits, form.sign_mode))
            kind = compression.name.lower().replace("_", " ")
            yield _Way(f"{kind}, {narrow.bits}-bit {narrow.sign_mode.name.lower()} throughout", (narrow,))
    split = _split(complete)
    if split:
        yield _Way(f"dense, signs apart in {split[0].bits} bits", split)
    formats = choose_formats(laid, target, costs, min(MOST_FORMATS, target.core.synapse_formats)).formats
    if len(formats) > 1:
        yield _Way(f"the best {len(formats)} formats, one per axon", formats, one_per_axon=True)
    for count in range(2, len(formats) + 1):
        yield _Way(f"the best {count} formats, mixed in an axon", formats[:count])


def _split(complete: tuple[SynapseFormat, ...]) -> tuple[SynapseFormat, ...]:
    """Positive and negative weights in lists of their own, a bit narrower than the narrowest signed format."""
    mixed = [f for f in complete if f.sign_mode is SignMode.MIXED and f.compression is Compression.DENSE]
    if not mixed:
        return ()
    narrow = min(mixed, key=lambda form: form.bits)
    bits = narrow.bits if narrow.bits in (1, 8) else narrow.bits - 1
    return tuple(SynapseFormat(mode, bits, narrow.grid) for mode in (SignMode.EXCITATORY, SignMode.INHIBITORY))


def _words(laid: LaidOut, part: Part, stretch: _Stretch, way: _Way, costs: Costs, target: Target) -> int:
    """Words on one core by the target's rule."""
    delay = delay_bits(int(laid.delays[part.source].max(initial=0)))
    formats = tuple(SynapseFormat(f.sign_mode, f.bits, f.grid, delay, f.compression, f.skip_bits) for f in way.formats)
    lists = part.lists(formats, costs, way.one_per_axon)
    memory: Memory = lists.memory(stretch.index_bits, target.stack.whole_projection_padding)
    by_rule = {"nengo-loihi": memory.nengo_bits // WORD_BITS, "nxtf": memory.nxtf_words}
    return by_rule.get(target.memory_rule, max(by_rule.values()))
