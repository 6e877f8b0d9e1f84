"""The stored response kernels: the published checkpoint's buffers, small cases by hand, refused values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from neurodeploy.errors import NetworkError
from neurodeploy.models.formats.slayer_kernels import ref_kernel, srm_kernel


def test_both_buffers_of_the_published_checkpoint(conformance: Path) -> None:
    path = conformance / "slayer_loihi" / "oxford" / "oxfordNet.pt"
    state = torch.load(path, map_location="cpu", weights_only=True)
    srm, ref = srm_kernel(1024, 128), ref_kernel(80, 128, 1)
    assert srm.shape == (110,)
    assert ref.shape == (181,)
    np.testing.assert_array_equal(srm, state["slayer.srmKernel"].numpy())
    np.testing.assert_array_equal(ref, state["slayer.refKernel"].numpy())


def test_peak_from_which_pool_weights_follow() -> None:
    assert srm_kernel(1024, 128).max() == 195


def test_a_short_response_by_hand() -> None:
    # u: 8, 4, 2, 1, 0; v decays by a half and floors before u is added: 8, 8, 6, 4, 2, 1, 0; halved at the end.
    np.testing.assert_array_equal(srm_kernel(2048, 2048, -4), np.array([4, 4, 3, 2, 1, 0.5, 0], np.float32))


def test_exponents_scale_the_first_step() -> None:
    assert [float(srm_kernel(4096, 4096, e)[0]) for e in (-7, -1, 0, 7)] == [0.5, 32, 64, 8192]


def test_refractory_delay_adds_zeros_and_floor_keeps_even_values() -> None:
    # -64, then floor(64 / 2) = 32, 16, 8, 4, 2, 1, 0, all doubled.
    expected = np.array([0, 0, 0, -128, -64, -32, -16, -8, -4, -2, 0], np.float32)
    np.testing.assert_array_equal(ref_kernel(1, 2048, 3), expected)


def test_no_negative_zeros_are_stored() -> None:
    assert not np.signbit(ref_kernel(1, 2048, 1)[[0, -1]]).any()


@pytest.mark.parametrize("decays", [(0, 128), (1024, 0), (4097, 128), (1024, -1)])
def test_decays_outside_their_range_are_refused(decays: tuple[int, int]) -> None:
    with pytest.raises(NetworkError, match="outside 1 … 4096"):
        srm_kernel(*decays)


@pytest.mark.parametrize(
    ("arguments", "name"), [((2**17, 128, 1), "threshold_mantissa"), ((80, 128, 64), "refractory")]
)
def test_other_values_outside_their_range_are_refused(arguments: tuple[int, int, int], name: str) -> None:
    with pytest.raises(NetworkError, match=name):
        ref_kernel(*arguments)
