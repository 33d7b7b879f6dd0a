"""Many weights in one piece of memory, each a view of it: nothing is held twice, nothing moves twice."""

from __future__ import annotations

from collections.abc import Sequence

import torch


def joined(parts: Sequence[torch.Tensor]) -> torch.Tensor:
    """All parts along their first dimension, as one tensor; the parts become views of it.

    Where they lie in one piece already they stay where they are: what was captured or compiled
    around their addresses stays right.
    """
    first, rows = parts[0], sum(len(part) for part in parts)
    if _lie_in_a_row(parts):
        return first.detach().as_strided((rows, *first.shape[1:]), first.stride())
    whole = torch.cat([part.detach() for part in parts])
    begin = 0
    for part in parts:
        part.data = whole[begin : begin + len(part)]
        begin += len(part)
    return whole


def _lie_in_a_row(parts: Sequence[torch.Tensor]) -> bool:
    memory = parts[0].untyped_storage().data_ptr()
    place = parts[0].storage_offset()
    for part in parts:
        is_next = part.untyped_storage().data_ptr() == memory and part.storage_offset() == place
        if not is_next or not part.is_contiguous():
            return False
        place += part.numel()
    return True
