"""A control: C2C whose teachers read another sample's text: the same cost, other knowledge."""

from __future__ import annotations

from dataclasses import replace

from ..engine.request import with_teacher_text_of
from ..errors import SampleError
from . import c2c
from .task import Sample, Task

run = c2c.run


def prepare(sample: Sample) -> Task:
    """C2C's task, as many tokens of another sample's text in the teachers' place.

    Raises:
        SampleError: the shard has no other sample that can be read.
    """
    task, other = c2c.prepare(sample), sample.other()
    try:
        request = with_teacher_text_of(task.request, other.tokenized.request)
    except ValueError as error:
        raise SampleError("tokenize", str(error)) from None
    return replace(task, request=request, facts=task.facts | {"teacher_sample_id": other.id})
