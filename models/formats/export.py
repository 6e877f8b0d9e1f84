"""What the exports that compute integer steps, ONNX and C, ask of a network."""

from __future__ import annotations

from neurodeploy.errors import FormatError
from neurodeploy.models.formats.options import PROFILES
from neurodeploy.network import CubaLif, Network


def check_exportable(network: Network, profile: str, form: str) -> None:
    """Whether a format that computes the integer steps can hold a network.

    Args:
        network: any.
        profile: of the bits that are computed.
        form: name of the format, for messages.

    Raises:
        FormatError: float weights, neurons other than CUBA LIF, or an unknown profile.
    """
    if profile not in PROFILES:
        raise FormatError(f"profile {profile}", "is unknown", f"choose {' or '.join(PROFILES)}")
    for projection in network.projections:
        if not projection.is_integer:
            problem = f"has float weights, {form} export takes integers"
            raise FormatError(projection.name, problem, "compile the network and convert the .ndp file")
    for population in network.populations:
        if type(population.neuron) not in (CubaLif, type(None)):
            problem = f"has {type(population.neuron).__name__} neurons, {form} export covers CUBA LIF only"
            raise FormatError(population.name, problem, "write it as .ndn")
