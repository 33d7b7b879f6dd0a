"""Attention of one query token over a long buffer, as one kernel that reads only what is written.

Split over the keys (Flash-Decoding): each program attends with all queries of a KV head to a run of
keys, and the last one of a head to finish joins the runs. How many keys there are is read on the
device, so that a captured step is right at every length.
"""

from __future__ import annotations

import functools

import torch
import triton
import triton.language as tl

from .overlap import overlaps

# Bytes of keys that one turn of the loop holds.
BLOCK_BYTES = 16_384
MOST_SPLITS = 64


@triton.jit
def _attend(
    query, key, value, position, partial, finished, out, window, run, splits,
    key_head, key_token, value_head, value_token,
    GROUP: tl.constexpr, ROWS: tl.constexpr, DIM: tl.constexpr, BLOCK: tl.constexpr,
    SPLITS: tl.constexpr, SCALING: tl.constexpr, OVERLAPS: tl.constexpr,
):  # fmt: skip
    """Maximum, sum and weighted values of one run of keys, for all queries of one KV head."""
    head, split = tl.program_id(0), tl.program_id(1)
    if OVERLAPS:
        tl.extra.cuda.gdc_wait()
        tl.extra.cuda.gdc_launch_dependents()
    last = tl.load(position) + 1
    first = tl.maximum(last - window, 0)
    begin = tl.maximum(split * run, first)
    end = tl.minimum((split + 1) * run, last)
    rows, dims = tl.arange(0, ROWS), tl.arange(0, DIM)
    own = rows < GROUP
    queries = tl.load(
        query + (head * GROUP + rows)[:, None] * DIM + dims[None, :], mask=own[:, None], other=0.0
    )
    most = tl.full([ROWS], -1e30, tl.float32)
    total = tl.zeros([ROWS], tl.float32)
    mixed = tl.zeros([ROWS, DIM], tl.float32)
    for at in range(begin, end, BLOCK):
        places = at + tl.arange(0, BLOCK)
        seen = places < end
        keys = tl.load(
            key + head * key_head + places[:, None] * key_token + dims[None, :],
            mask=seen[:, None], other=0.0,
        )  # fmt: skip
        values = tl.load(
            value + head * value_head + places[:, None] * value_token + dims[None, :],
            mask=seen[:, None], other=0.0,
        )  # fmt: skip
        scores = tl.dot(queries, tl.trans(keys), input_precision="ieee") * SCALING
        scores = tl.where(seen[None, :], scores, -1e30)
        larger = tl.maximum(most, tl.max(scores, 1))
        weights = tl.where(seen[None, :], tl.exp(scores - larger[:, None]), 0.0)
        shrink = tl.exp(most - larger)
        total = total * shrink + tl.sum(weights, 1)
        mixed = mixed * shrink[:, None]
        mixed += tl.dot(weights.to(values.dtype), values, input_precision="ieee")
        most = larger
    # (KV heads, splits, queries of the head, DIM + 2)
    place = ((head * splits + split) * GROUP + rows) * (DIM + 2)
    tl.store(partial + place[:, None] + dims[None, :], mixed, mask=own[:, None])
    tl.store(partial + place + DIM, most, mask=own)
    tl.store(partial + place + DIM + 1, total, mask=own)
    tl.debug_barrier()  # all of this program's stores are before its count
    if tl.atomic_add(finished + head, 1, sem="acq_rel") == splits - 1:
        tl.store(finished + head, 0)
        _join(partial, out, head, splits, GROUP, DIM, SPLITS)


@triton.jit
def _join(
    partial, out, head, splits,
    GROUP: tl.constexpr, DIM: tl.constexpr, SPLITS: tl.constexpr,
):  # fmt: skip
    """The runs of one KV head to the outputs of its queries; read past the cache of the processor."""
    runs, dims = tl.arange(0, SPLITS), tl.arange(0, DIM)
    there = runs < splits
    for row in range(GROUP):
        line = partial + ((head * splits + runs) * GROUP + row) * (DIM + 2)
        most = tl.load(line + DIM, mask=there, other=-1e30, cache_modifier=".cg")
        total = tl.load(line + DIM + 1, mask=there, other=0.0, cache_modifier=".cg")
        mixed = tl.load(
            line[:, None] + dims[None, :], mask=there[:, None], other=0.0, cache_modifier=".cg"
        )
        weights = tl.exp(most - tl.max(most, 0))
        answer = tl.sum(mixed * weights[:, None], 0) / tl.sum(weights * total, 0)
        tl.store(out + (head * GROUP + row) * DIM + dims, answer.to(out.dtype.element_ty))


@functools.cache
def _finished(device: torch.device, kv_heads: int) -> torch.Tensor:
    """How many runs of each head have finished: zero between calls, which must follow each other."""
    return torch.zeros(kv_heads, dtype=torch.int32, device=device)


# An operator of its own, since a compiler hands no launch options on to kernels that it sees.
@torch.library.custom_op("c2c_timing::attend_one", mutates_args=())
def attend_one(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    position: torch.Tensor,
    scaling: float,
    sliding_window: int | None,
) -> torch.Tensor:
    """One token's queries over the keys up to its own.

    Args:
        query: (1, heads, 1, head_dim).
        key, value: (1, KV heads, capacity, head_dim).
        position: (1,), of the query's own token in the buffer.

    Returns:
        (1, 1, heads, head_dim).
    """
    heads, dim = query.shape[1], query.shape[3]
    kv_heads, capacity = key.shape[1], key.shape[2]
    group = heads // kv_heads
    block = max(16, min(64, BLOCK_BYTES // (dim * query.element_size())))
    splits = min(MOST_SPLITS, (capacity + block - 1) // block)
    run = (capacity + splits - 1) // splits
    partial = query.new_empty((kv_heads * splits * group, dim + 2), dtype=torch.float32)
    out = query.new_empty((1, 1, heads, dim))
    can_overlap = overlaps(query.device)
    _attend[(kv_heads, splits)](
        query.contiguous(), key, value, position, partial, _finished(query.device, kv_heads), out,
        sliding_window or capacity, run, splits,
        key.stride(1), key.stride(2), value.stride(1), value.stride(2),
        GROUP=group, ROWS=max(16, triton.next_power_of_2(group)), DIM=dim, BLOCK=block,
        SPLITS=triton.next_power_of_2(splits), SCALING=scaling, OVERLAPS=can_overlap,
        num_warps=4, num_stages=2, launch_pdl=can_overlap,
    )  # fmt: skip
    return out


@attend_one.register_fake
def _(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    position: torch.Tensor,
    scaling: float,
    sliding_window: int | None,
) -> torch.Tensor:
    return query.new_empty((1, 1, query.shape[1], query.shape[3]))


def fits(query: torch.Tensor) -> bool:
    """Whether the kernel takes such queries."""
    dim = query.shape[3]
    return query.is_cuda and query.shape[2] == 1 and dim >= 16 and dim & (dim - 1) == 0
