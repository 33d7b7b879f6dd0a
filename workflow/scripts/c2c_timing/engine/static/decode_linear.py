"""Linear maps of one token: a kernel that reads its weights while its input is still being computed."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import nn
from torch.nn import functional

from .merged import Merged
from .overlap import overlaps

# Of the matrix, in one program: all its columns at once where they are no more than these.
ROWS, MOST_COLUMNS = 2, 4096


@triton.jit
def _multiply(
    inputs, weight, bias, out, rows, columns,
    HAS_BIAS: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr, OVERLAPS: tl.constexpr,
):  # fmt: skip
    """A few rows of the matrix times the input."""
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    own = row < rows
    column = tl.arange(0, COLUMNS)
    place = weight + row[:, None].to(tl.int64) * columns + column[None, :]
    weights = tl.load(place, mask=own[:, None] & (column < columns)[None, :], other=0.0)
    if OVERLAPS:
        tl.extra.cuda.gdc_wait()
        tl.extra.cuda.gdc_launch_dependents()
    values = tl.load(inputs + column, mask=column < columns, other=0.0)
    products = weights.to(tl.float32) * values.to(tl.float32)[None, :]
    for begin in range(COLUMNS, columns, COLUMNS):
        seen = begin + column < columns
        weights = tl.load(place + begin, mask=own[:, None] & seen[None, :], other=0.0)
        values = tl.load(inputs + begin + column, mask=seen, other=0.0)
        products += weights.to(tl.float32) * values.to(tl.float32)[None, :]
    total = tl.sum(products, 1)
    if HAS_BIAS:
        total += tl.load(bias + row, mask=own, other=0.0).to(tl.float32)
    tl.store(out + row, total.to(out.dtype.element_ty), mask=own)


# An operator of its own, since a compiler hands no launch options on to kernels that it sees.
@torch.library.custom_op("c2c_timing::linear_of_one", mutates_args=())
def linear_of_one(
    inputs: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None
) -> torch.Tensor:
    """One input (1, …, in) times a contiguous matrix (out, in): (1, …, out); sums in float32."""
    rows, columns = weight.shape
    out = inputs.new_empty((*inputs.shape[:-1], rows))
    block = min(MOST_COLUMNS, triton.next_power_of_2(columns))
    can_overlap = overlaps(inputs.device)
    _multiply[(triton.cdiv(rows, ROWS),)](
        inputs.contiguous(), weight, weight if bias is None else bias, out, rows, columns,
        HAS_BIAS=bias is not None, ROWS=ROWS, COLUMNS=block, OVERLAPS=can_overlap,
        num_warps=4 if block <= 1024 else 8, launch_pdl=can_overlap,
    )  # fmt: skip
    return out


@linear_of_one.register_fake
def _(inputs: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    return inputs.new_empty((*inputs.shape[:-1], weight.shape[0]))


def linear(
    inputs: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None
) -> torch.Tensor:
    """``functional.linear``; of one token on CUDA through the kernel here."""
    is_one = all(size == 1 for size in inputs.shape[:-1])
    if is_one and inputs.is_cuda and weight.is_contiguous():
        return linear_of_one(inputs, weight, bias)
    return functional.linear(inputs, weight, bias)


class ReadingAhead(nn.Module):
    """Stands where a linear map stood, over its weights."""

    def __init__(self, own: nn.Linear) -> None:
        super().__init__()
        self.weight, self.bias = own.weight, own.bias

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """(..., in) to (..., out)."""
        return linear(inputs, self.weight, self.bias)


def read_ahead(model: nn.Module) -> None:
    """Let every linear map of a model, merged or not, be one that reads ahead, in place."""
    for module in list(model.modules()):
        if isinstance(module, Merged):
            module.linear = linear
        for name, child in list(module.named_children()):
            if type(child) is nn.Linear:
                setattr(module, name, ReadingAhead(child))
