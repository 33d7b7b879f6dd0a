"""The kernels of a decode step against float64, on the device that they are for."""

from __future__ import annotations

import pytest
import torch

if not torch.cuda.is_available():
    pytest.skip("needs a CUDA device", allow_module_level=True)

from c2c_timing.engine.static import decode_attention, decode_linear

MATRICES = [(7, 5), (4096, 1024), (1024, 2048), (1024, 9728), (151936, 1024)]
PLACES = [(64, 0), (240, 170), (4608, 4607), (9216, 8000)]
TOLERANCE = {torch.float32: 1e-5, torch.bfloat16: 1e-2}


def error(own: torch.Tensor, right: torch.Tensor) -> float:
    return ((own.double() - right).norm() / right.norm()).item()


@pytest.mark.parametrize("dtype", list(TOLERANCE))
@pytest.mark.parametrize("has_bias", [False, True])
@pytest.mark.parametrize(("rows", "columns"), MATRICES)
def test_a_linear_map_of_one_token_is_right(rows, columns, has_bias, dtype):
    draw = torch.Generator("cuda").manual_seed(rows)
    inputs = torch.randn(1, 1, columns, device="cuda", generator=draw).to(dtype)
    weight = torch.randn(rows, columns, device="cuda", generator=draw).to(dtype)
    bias = torch.randn(rows, device="cuda", generator=draw).to(dtype) if has_bias else None
    right = torch.nn.functional.linear(
        inputs.double(), weight.double(), None if bias is None else bias.double()
    )
    own = decode_linear.linear(inputs, weight, bias)
    assert own.shape == (1, 1, rows)
    assert error(own, right) < TOLERANCE[dtype]


@pytest.mark.parametrize("dtype", list(TOLERANCE))
@pytest.mark.parametrize("window", [None, 100])
@pytest.mark.parametrize(("heads", "kv_heads", "dim"), [(16, 8, 128), (14, 2, 64), (4, 1, 256)])
@pytest.mark.parametrize(("capacity", "position"), PLACES)
def test_attention_of_one_token_is_right_again_and_again(
    capacity, position, heads, kv_heads, dim, window, dtype
):
    draw = torch.Generator("cuda").manual_seed(capacity)
    at = torch.tensor([position], device="cuda")
    for _ in range(3):  # what one call counts must not be left to the next
        query, key, value = (
            torch.randn(1, n, tokens, dim, device="cuda", generator=draw).to(dtype)
            for n, tokens in ((heads, 1), (kv_heads, capacity), (kv_heads, capacity))
        )
        first = max(0, position + 1 - window) if window else 0
        seen = slice(first, position + 1)
        right = torch.nn.functional.scaled_dot_product_attention(
            query.double(), key[:, :, seen].double(), value[:, :, seen].double(), enable_gqa=True
        ).transpose(1, 2)
        own = decode_attention.attend_one(query, key, value, at, dim**-0.5, window)
        assert error(own, right) < TOLERANCE[dtype]
