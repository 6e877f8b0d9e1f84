"""A network in the chip's formats, the float network it came from, and what lies between the two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from math import isfinite
from typing import Any

from neurodeploy.errors import NetworkError
from neurodeploy.network.network import Network


@dataclass(frozen=True)
class LayerError:
    """What quantization did to one projection.

    Attributes:
        projection, target: its name and the population it drives.
        bits, sign_mode, exponent: the chosen format.
        weights: number of weights; changed: how many differ from the weights the training's forward pass used;
            clipped: how many of those lie beyond the format's range.
        rms, worst: root mean square and largest absolute difference, in units of the original weights.
        channels: how many output channels this row is about, if the projection was split; None: all.
        scale: what the weights were multiplied by.
        threshold_scale: what the thresholds of the population were multiplied by; the bias was by `scale`.
        disagreement: share of the population's spikes in which it and its float original differ on the calibration
            recordings, 0 … 1; None without any.
    """

    projection: str
    target: str
    bits: int
    sign_mode: str
    exponent: int
    weights: int
    changed: int
    clipped: int
    rms: float
    worst: float
    channels: int | None = None
    scale: float = 1.0
    threshold_scale: float = 1.0
    disagreement: float | None = None


@dataclass(frozen=True, eq=False)
class Quantized:
    """A network in the chip's formats and where it came from.

    Attributes:
        network: what is compiled.
        source: the float network it was quantized from, with the same populations; None if it came as integers or was
            left out.
        source_omitted: whether there was a float network that was left out on request.
        errors: one row per projection of `network`, in their order; none if nothing is known.

    Raises:
        NetworkError: a network that is not quantized, a float network with other populations, or rows about other
            projections.
    """

    network: Network
    source: Network | None = None
    source_omitted: bool = False
    errors: tuple[LayerError, ...] = ()

    def __post_init__(self) -> None:
        if self.is_known and not self.network.is_quantized:
            raise NetworkError("network", "has an origin and no chip formats", "quantize it again")
        if self.source is not None:
            check_source(self.network, self.source)
        if self.errors and [row.target for row in self.errors] != [p.target for p in self.network.projections]:
            raise NetworkError("quantization", "has rows about other projections", "quantize the network again")

    @property
    def is_known(self) -> bool:
        """Whether anything is known of where the network came from."""
        return self.source is not None or self.source_omitted or bool(self.errors)

    @classmethod
    def of(cls, source: Network, network: Network, errors: Sequence[LayerError], keep_source: bool = True) -> Quantized:
        """What quantization made of a network, as `nd.quantize` gives it; integer networks are no float source.

        Args:
            source: before quantization.
            network: after it.
            errors: what it did.
            keep_source: whether the float network is kept.
        """
        real = not source.is_integer
        return cls(network, source if real and keep_source else None, real and not keep_source, tuple(errors))

    def then(self, network: Network, errors: Sequence[LayerError], keep_source: bool = True) -> Quantized:
        """The same origin behind one more quantization, of `network` here.

        Where that one changed no weight, the rows stay what they were, in the formats it chose. Else they tell of its
        own rounding alone, in units of the original weights, and the factors are those of both.

        Args:
            network: after it.
            errors: what it did.
            keep_source: whether the float network is kept.
        """
        omitted = self.source_omitted or (self.source is not None and not keep_source)
        before, rows = {row.target: row for row in self.errors}, list(errors)
        if len(rows) == len(self.errors) and not any(row.changed for row in rows):
            rows = [
                replace(old, bits=new.bits, sign_mode=new.sign_mode, exponent=new.exponent)
                for old, new in zip(self.errors, rows, strict=True)
            ]
        else:
            rows = [_behind(before[row.target], row) if row.target in before else row for row in rows]
        return Quantized(network, self.source if keep_source else None, omitted, tuple(rows))

    def with_steps(self, steps: int) -> Quantized:
        """The same with another length of recordings."""
        source = self.source and replace(self.source, steps=steps)
        return replace(self, network=replace(self.network, steps=steps), source=source)


def _behind(first: LayerError, second: LayerError) -> LayerError:
    """The second of two quantizations of a layer, in units of the weights before the first."""
    return replace(
        second,
        rms=second.rms / first.scale,
        worst=second.worst / first.scale,
        scale=first.scale * second.scale,
        threshold_scale=first.threshold_scale * second.threshold_scale,
    )


def check_source(network: Network, source: Network) -> None:
    """Raise NetworkError for a float network that a quantized one cannot have come from: it has other populations."""
    same = [(p.name, p.shape, p.neuron is None) for p in network.populations] == [
        (p.name, p.shape, p.neuron is None) for p in source.populations
    ]
    if not same or network.classes != source.classes:
        raise NetworkError(
            "float network", "has other populations than the quantized one", "keep the network it was quantized from"
        )


def rows_to_parts(errors: Sequence[LayerError]) -> list[dict[str, Any]]:
    """The rows as files hold them, JSON-ready."""
    return [asdict(error) for error in errors]


#: Fields of `LayerError` by what they hold, and those that have to be there.
_NAMES, _REALS, _FACTORS = ("projection", "target", "sign_mode"), ("rms", "worst"), ("scale", "threshold_scale")
_DEMANDED = {"projection", "target", "bits", "sign_mode", "exponent", "weights", "changed", "clipped", *_REALS}


def rows_from_parts(rows: Any) -> tuple[LayerError, ...]:
    """The rows that `rows_to_parts` stored.

    Raises:
        ValueError: something else.
    """
    if not isinstance(rows, list):
        raise ValueError("quantization is no list")
    for row in rows:
        if not isinstance(row, dict) or not _DEMANDED <= set(row) <= {field.name for field in fields(LayerError)}:
            raise ValueError("a row of quantization has other columns")
        if not all(_legal(name, value) for name, value in row.items()):
            raise ValueError(f"the row of quantization {_shown(row)} has values that no layer has")
    return tuple(LayerError(**row) for row in rows)


def _legal(name: str, value: Any) -> bool:
    if name in _NAMES:
        return isinstance(value, str)
    if value is None:
        return name in ("channels", "disagreement")
    if name in (*_REALS, *_FACTORS, "disagreement"):
        real = type(value) in (int, float) and isfinite(value) and value >= 0
        return real and (value > 0 or name not in _FACTORS) and (value <= 1 or name != "disagreement")
    return type(value) is int and (value >= 0 or name == "exponent")


def _shown(row: Mapping[str, Any]) -> str:
    return repr(row["projection"])[:40]
