"""Populations as Lava's neuron processes, and what their models are told beside Lava's own parameters.

Lava documents most parameters as one for a population; its models compute with one per neuron as well, so such are
handed to the models as they are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.proc.atrlif.process import ATRLIF
from lava.proc.lif.process import LIF, LIFReset
from lava.proc.rf.process import RF
from lava.proc.rf_iz.process import RF_IZ
from lava.proc.sdn.process import ActivationMode, Delta, Sigma, SigmaDelta
from numpy.typing import NDArray

Parameters = dict[str, NDArray[Any]]

#: Lava's step in which neurons do our step 0 of the first recording.
FIRST_STEP = 3
_DECAY_ONE = 4096


def neurons(row: dict[str, Any], given: Parameters) -> tuple[Any, dict[str, Any]]:
    """The process of a population, and settings for its model.

    Args:
        row: of the job, with "neurons", "neuron" (the model), "bias_exponent" and "reset".
        given: the parameters by name, and "bias"; numbers or one per neuron.
    """
    shape = (row["neurons"],)
    if row["neuron"] == "alif":
        return _alif(shape, row["bias_exponent"], given)
    if row["neuron"] == "resonate_fire":
        return _resonate_fire(shape, given)
    if row["neuron"] in ("sigma_delta", "delta"):
        return _sigma_delta(shape, row, given)
    if row["neuron"] == "sigma":
        return Sigma(shape=shape), {}
    return _lif(shape, row, given), {}


def _lif(shape: tuple[int], row: dict[str, Any], given: Parameters) -> Any:
    settings: dict[str, Any] = {
        "shape": shape,
        "du": _parameter(given["current_decay"]) - 1,  # Lava adds 1
        "dv": _parameter(given["voltage_decay"]),
        "vth": _parameter(given["threshold_mantissa"]),
        "bias_mant": given["bias"],
        "bias_exp": row["bias_exponent"],
    }
    if row["reset"] is None:
        return LIF(**settings)
    interval, first = row["reset"]
    # in the first recording our step t is Lava's step t + 3
    return LIFReset(**settings, reset_interval=interval, reset_offset=(first + FIRST_STEP) % interval)


def _alif(shape: tuple[int], bias_exponent: int, given: Parameters) -> tuple[Any, dict[str, Any]]:
    """Lava takes decays as fractions, and adds 1 / 4096 to that of the current."""
    settings = {
        "delta_i": (_each(shape, given["current_decay"]) - 1) / _DECAY_ONE,
        "delta_v": _each(shape, given["voltage_decay"]) / _DECAY_ONE,
        "delta_theta": _each(shape, given["threshold_decay"]) / _DECAY_ONE,
        "delta_r": _each(shape, given["refractory_decay"]) / _DECAY_ONE,
        "theta_0": _each(shape, given["threshold_mantissa"]),
        "theta_step": int(given["threshold_step"]),  # Lava adds it to those that fired: it is one number there
    }
    bias = _each(shape, given["bias"])
    return ATRLIF(shape=shape, bias_mant=bias, bias_exp=np.full(shape, bias_exponent)), settings


def _resonate_fire(shape: tuple[int], given: Parameters) -> tuple[Any, dict[str, Any]]:
    """The decays stay the integers they are: from a period and a fraction Lava would make others."""
    settings = {
        "sin_decay": _each(shape, given["sin_decay"]),
        "cos_decay": _each(shape, given["cos_decay"]),
        "vth": _each(shape, given["threshold_mantissa"]) * 64,
    }
    kind = RF_IZ if given["izhikevich"] else RF
    return kind(shape=shape, period=4, alpha=0, state_exp=6, decay_bits=12), settings


def _sigma_delta(shape: tuple[int], row: dict[str, Any], given: Parameters) -> tuple[Any, dict[str, Any]]:
    spike, state = int(given["spike_exponent"]), int(given["state_exponent"])
    shared = {"shape": shape, "vth": 1, "cum_error": bool(given["cumulative_error"])}
    shared |= {"spike_exp": spike, "state_exp": state}
    settings = {"vth": (_each(shape, given["threshold_mantissa"]) << spike + state).astype(np.int32)}
    if row["neuron"] == "delta":
        return Delta(**shared), settings
    bias = _each(shape, given["bias"]) << row["bias_exponent"] + spike + state
    mode = ActivationMode.RELU if given["activation"] else ActivationMode.UNIT
    return SigmaDelta(**shared, act_mode=mode), settings | {"bias": bias.astype(np.int32)}


def _parameter(values: NDArray[Any]) -> Any:
    """One for the population as a number, as Lava's documentation has it; one per neuron works as well."""
    return int(values) if values.ndim == 0 else values.astype(np.int64)


def _each(shape: tuple[int], values: NDArray[Any]) -> NDArray[Any]:
    """One per neuron."""
    return np.broadcast_to(values, shape).astype(np.int64)
