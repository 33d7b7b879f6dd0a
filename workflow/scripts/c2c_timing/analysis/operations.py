"""Operations and bytes of every stage, from a pair's shapes and a record's own token counts.

Counted is what no implementation of the method can leave out:

- two floating-point operations for each weight of each matrix and token, and four for each query
  element and token attended to (scores and mix). Norms, rotations, activations, softmax and biases
  are left out: well under a hundredth.
- every weight once a pass, cached keys and values once each time they are read or written. The
  activations between operators are left out: fused kernels need not move them. The embedding is the
  exception, for it moves nothing else.
- of a mixture of experts those that one token wakes: other tokens of a prompt wake the same or others,
  and which cannot be told. What these would move besides is kept apart, ``further_bytes``.
- kernels that wait for one another, at the least number that any fusing of kernels leaves: a product
  needs all of its input before it begins, so a layer is five (queries, keys and values; attention;
  its output; gate and up; down), whatever of norms, rotations and sums goes into them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..runtime_table import CALLS, REFERENCE, RUNTIMES
from ..stages import Stage

LAYER_CHAIN = 5
# Of counts that a run did not write down; what follows from them is empty in tables.
UNKNOWN = math.nan


@dataclass(frozen=True)
class Work:
    """What a stage must do.

    Attributes:
        flops: floating-point operations.
        bytes: moved between memory and processor.
        operators: calls of operators, each of which launches a kernel.
        chain: kernels that wait for one another, at least.
        passes: times that the weights are read; ``bytes / passes`` is what a cache would have to
            hold to make the next pass cheaper.
        further_bytes: that may have been moved besides, at most.
    """

    flops: float = 0
    bytes: float = 0
    operators: float = 0
    passes: int = 0
    chain: float = 0
    further_bytes: float = 0

    def __add__(self, other: Work) -> Work:
        return Work(
            self.flops + other.flops,
            self.bytes + other.bytes,
            self.operators + other.operators,
            self.passes + other.passes,
            self.chain + other.chain,
            self.further_bytes + other.further_bytes,
        )


def embedding(model: Mapping[str, Any], tokens: int) -> Work:
    """Rows of the table, read and written."""
    moved = 2 * tokens * model["hidden_size"] * model["element_bytes"]
    return Work(0, moved, model["operators"]["embedding"], 1, 1)


def prefill(model: Mapping[str, Any], tokens: int, context: int = 0) -> Work:
    """The layers over ``tokens`` new tokens after ``context`` cached ones; no LM head."""
    flops = 2 * model["matrix_elements"] * tokens
    flops += 4 * model["query_elements"] * attended(tokens, context)
    moved = model["matrix_elements"] + model["other_elements"]
    moved += model["cache_elements"] * (context + tokens)
    operators, chain = model["operators"]["prefill"], LAYER_CHAIN * model["layers"]
    width = model["element_bytes"]
    return Work(flops, moved * width, operators, 1, chain, _further_elements(model, tokens) * width)


def _further_elements(model: Mapping[str, Any], tokens: int) -> int:
    """Of experts that all tokens but one may wake: each of them others, until all are awake."""
    woken, idle = model.get("woken_elements", 0), model.get("idle_elements", 0)
    return min(woken * (tokens - 1), idle)


def decode(model: Mapping[str, Any], steps: int, context: int) -> Work:
    """``steps`` decode steps, the first after ``context`` cached tokens: layers and LM head."""
    matrices = model["matrix_elements"] + model["lm_head_elements"]
    flops = 2 * matrices * steps
    flops += 4 * model["query_elements"] * attended(steps, context)
    # Step n reads the context and n - 1 tokens, and writes one.
    cached = attended(steps, context)
    moved = (matrices + model["other_elements"]) * steps + model["cache_elements"] * cached
    operators = model["operators"]["decode_step"] * steps
    chain = (LAYER_CHAIN * model["layers"] + 1) * steps
    return Work(flops, moved * model["element_bytes"], operators, steps, chain)


def projection(fuser: Mapping[str, Any], tokens: int) -> Work:
    """One teacher's projectors over ``tokens`` tokens.

    Operators and chain are not in it: they are counted for all teachers at once
    (``projection_operators``, ``projection_chain``).
    """
    cached = (fuser["read_elements"] + fuser["written_elements"]) * tokens
    moved = fuser["matrix_elements"] + fuser["other_elements"] + cached
    return Work(2 * fuser["matrix_elements"] * tokens, moved * fuser["element_bytes"])


def attended(tokens: int, context: int) -> int:
    """Pairs of a new token and a token it looks at: the context, the new ones before it, itself."""
    return tokens * context + tokens * (tokens + 1) // 2


@dataclass(frozen=True)
class SectionTokens:
    """A run of prompt tokens that the models read in one pass; ``teachers`` may be empty."""

    base: int
    teachers: tuple[int, ...]
    is_projected: bool


def stage_work(record: Mapping[str, Any], shapes: Mapping[str, Any]) -> dict[Stage, Work]:
    """Work of each stage that the record has.

    Left out are stages whose work is unknown: the host's own, and those of models whose sizes do
    not tell it, which have no shapes.

    Args:
        record: a flat record, as a row of the merged table.
        shapes: ``shapes`` of the shard's ``_run.json``.
    """
    base, teachers = shapes["base"], shapes["teachers"]
    sections = sections_of(record, len(teachers))
    base_reads = [section.base for section in sections]
    teacher_reads = list(zip(*(s.teachers for s in sections if s.teachers), strict=True))
    answering = teachers[0] if _is_missing(record[Stage.BASE_PREFILL.key]) else base
    work = {Stage.PROJECTOR: _projections(record, shapes, sections)}
    if base:
        work[Stage.BASE_EMBEDDING] = _embeddings(base, base_reads)
        work[Stage.BASE_PREFILL] = _prefills(base, base_reads)
    if all(teachers):
        work[Stage.TEACHER_EMBEDDING] = sum(map(_embeddings, teachers, teacher_reads), Work())
        work[Stage.TEACHER_PREFILL] = sum(map(_prefills, teachers, teacher_reads), Work())
    if all(teachers) and (words := _number(record, Stage.TEACHER_DECODE.tokens)):
        context = int(record["teacher_prompt_length"]) - 1
        work[Stage.TEACHER_DECODE] = decode(teachers[0], words, context)
    if answering:
        answer, context = _number(record, Stage.DECODE.tokens), record["prompt_length"] - 1
        work[Stage.DECODE] = decode(answering, answer, context)
    return {
        stage: amount
        for stage, amount in work.items()
        if amount.bytes and not _is_missing(record.get(stage.key))
    }


def sections_of(record: Mapping[str, Any], teachers: int) -> list[SectionTokens]:
    """The passes of the prefill: the record's own, else one over all but the last prompt token.

    Without a projection only the first teacher reads.
    """
    sections: Any = record.get("sections")
    if not _is_missing(sections):
        return [
            SectionTokens(s["base_tokens"], tuple(s["teacher_tokens"]), bool(s["is_projected"]))
            for s in sections
        ]
    tokens = int(record["prompt_length"]) - 1
    read = _number(record, "teacher_prompt_length") - 1
    readers = 1 if _is_missing(record[Stage.PROJECTOR.key]) else teachers
    return [SectionTokens(tokens, (read if read > 0 else tokens,) * readers, is_projected=True)]


def _embeddings(model: Mapping[str, Any], reads: Sequence[int]) -> Work:
    return sum((embedding(model, tokens) for tokens in reads if tokens), Work())


def _prefills(model: Mapping[str, Any], reads: Sequence[int]) -> Work:
    work, context = Work(), 0
    for tokens in reads:
        work += prefill(model, tokens, context) if tokens else Work()
        context += tokens
    return work


def _projections(
    record: Mapping[str, Any], shapes: Mapping[str, Any], sections: list[SectionTokens]
) -> Work:
    work = Work()
    if not _number(record, "projector_calls"):
        return work
    for section in sections:
        if section.is_projected:
            work += Work(
                operators=_projection_operators(record, shapes),
                passes=1,
                chain=shapes.get("projection_chain", UNKNOWN),
            )
            work += sum((projection(fuser, section.base) for fuser in shapes["fusers"]), Work())
    return work


def _projection_operators(record: Mapping[str, Any], shapes: Mapping[str, Any]) -> float:
    """As the record's runtime calls them, if it calls operators; else as the reference does."""
    runtime = record.get("runtime", REFERENCE)
    row = RUNTIMES.get(runtime)
    if runtime == REFERENCE or row is None or row.launches != CALLS:
        return shapes["projection_operators"]
    return shapes.get(f"{runtime}_projection_operators", UNKNOWN)


def _number(record: Mapping[str, Any], key: str) -> int:
    value: Any = record.get(key)
    return 0 if _is_missing(value) else int(value)


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))
