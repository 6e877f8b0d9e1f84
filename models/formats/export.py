"""What the exports that compute integer steps, ONNX and C, ask of a network."""

from __future__ import annotations

from neurodeploy.errors import FormatError
from neurodeploy.models.formats.options import PROFILES
from neurodeploy.network import Network


def check_exportable(network: Network, profile: str, form: str) -> None:
    """Whether a format that computes the integer steps can hold a network.

    Args:
        network: any.
        profile: of the bits that are computed.
        form: name of the format, for messages.

    Raises:
        FormatError: float weights, or an unknown profile.
    """
    if profile not in PROFILES:
        raise FormatError(f"profile {profile}", "is unknown", f"choose {' or '.join(PROFILES)}")
    for projection in network.projections:
        if not projection.is_integer:
            problem = f"has float weights, {form} export takes integers"
            raise FormatError(projection.name, problem, "compile the network and convert the .ndp file")
