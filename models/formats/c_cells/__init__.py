"""Neuron models in generated C99, one module per model: what they keep, and the update of neuron `i`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from neurodeploy.models.formats.c_cells import alif, cuba_lif, resonate_fire, sigma_delta
from neurodeploy.models.formats.c_cells.update import State, Update
from neurodeploy.network import Alif, CubaLif, Delta, Neuron, Population, ResonateFire, Sigma, SigmaDelta

__all__ = ["Model", "State", "Update", "model_of"]


@dataclass(frozen=True)
class Model:
    """How a neuron model is written.

    Attributes:
        states: what a population keeps between steps, all zero at the start; `u` is first.
        update: the lines that take `q` of neuron `i` to its new state and set `fired[i]`, its spike or payload.
        helpers: names of the functions of `c_helpers` that the lines call.
        modular: whether q matters modulo 2^24 only in profile loihi.
    """

    states: Callable[[Population], tuple[State, ...]]
    update: Callable[[Update], list[str]]
    helpers: tuple[str, ...]
    modular: bool = False


_LEAKY = ("wrapped", "decayed", "clipped")
_CODER = ("word", "reaches", "floored")
_MODELS: dict[type[Neuron], Model] = {
    CubaLif: Model(cuba_lif.states, cuba_lif.update, _LEAKY, modular=True),
    Alif: Model(lambda _: alif.STATES, alif.update, _LEAKY, modular=True),
    SigmaDelta: Model(sigma_delta.states, sigma_delta.update, _CODER),
    Delta: Model(sigma_delta.delta_states, sigma_delta.update_delta, _CODER),
    Sigma: Model(lambda _: sigma_delta.SIGMA_STATES, sigma_delta.update_sigma, ("word",)),
    ResonateFire: Model(lambda _: resonate_fire.STATES, resonate_fire.update, ("turned", "clipped")),
}


def model_of(population: Population) -> Model:
    """How the neurons of a population are written."""
    assert population.neuron is not None
    return _MODELS[type(population.neuron)]
