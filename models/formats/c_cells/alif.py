"""ALIF neurons in C99."""

from __future__ import annotations

from neurodeploy.models.formats.c_cells.cuba_lif import membrane
from neurodeploy.models.formats.c_cells.update import State, Update
from neurodeploy.precision import DECAY_ONE

#: u, v; r, refractoriness; how far the threshold lies above the one at rest. A spike needs their sum to be at most v,
#: which is below 2^23, so that the last two stay below 2^25.
STATES = (State("u", None), State("v"), State("r"), State("raised"))


def update(to: Update) -> list[str]:
    """See `Model`."""
    lines = membrane(to)
    resting = to.value("theta", to.parameter("threshold_mantissa") * 64, "threshold at rest")
    rise = to.value("rise", to.parameter("threshold_step") * 64, "what a spike adds to the threshold")
    kept_theta = to.value("kept_theta", DECAY_ONE - to.parameter("threshold_decay"), "4096 - threshold decay")
    kept_r = to.value("kept_r", DECAY_ONE - to.parameter("refractory_decay"), "4096 - refractory decay")
    raised, r = to.state("raised"), to.state("r")
    return [
        *lines,
        f"{to.state('v')} = v;",
        f"{raised} = (int32_t)decayed({raised}, {kept_theta});",
        f"{r} = (int32_t)decayed({r}, {kept_r});",
        f"const int32_t theta = {raised} + {resting};",
        f"fired[i] = v - {r} >= theta;",
        f"if (fired[i]) {r} += 2 * theta;",
        f"if (fired[i]) {raised} += {rise};",
    ]
