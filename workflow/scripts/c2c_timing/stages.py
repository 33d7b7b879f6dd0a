"""The stages of a request: one row a stage. All else reads this: clock, record, tables, figures.

A new stage is one row here, and a mark in the timed region of the method that has it.
"""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """A stage by its name in marks, tables and reports; in the order of a request.

    Attributes:
        key: its time in a record's ``timing``, in ms.
        label: as figures and tables call it.
        colour: in every figure, and of no method: blue is the base's prompt, orange to brown the
            teacher's. Stages that can meet in a bar differ in grey, too.
        model: ``base`` or ``teacher``, whose work it is; ``both``; or ``host``.
        steps_key: where a record has the time of every step; None for stages that run once.
        tokens: the column of ``analysis.stage_costs`` with the tokens that its time grows with.
        meaning, note: for the glossary.
    """

    key: str
    label: str
    colour: str
    model: str
    steps_key: str | None
    tokens: str
    meaning: str
    note: str

    def __new__(
        cls,
        name: str,
        key: str,
        label: str,
        colour: str,
        model: str,
        steps_key: str | None,
        tokens: str,
        meaning: str,
        note: str,
    ) -> Stage:
        """A member from its row."""
        stage = str.__new__(cls, name)
        stage._value_ = name
        stage.key, stage.label, stage.colour, stage.model = key, label, colour, model
        stage.steps_key, stage.tokens, stage.meaning, stage.note = steps_key, tokens, meaning, note
        return stage

    @property
    def is_per_token(self) -> bool:
        """Whether it runs once for each token that is generated, not once for a prompt."""
        return self.steps_key is not None

    # fmt: off
    BASE_EMBEDDING = (
        "base_embedding", "base_embedding_ms", "base embedding", "#A6CBE8", "base", None, "base_tokens",
        "embedding of prompt tokens 0 … L-2", "a look-up")
    BASE_PREFILL = (
        "base_prefill", "base_prefill_ms", "base prefill", "#08519C", "base", None, "base_tokens",
        "layers over prompt tokens 0 … L-2", "no LM head")
    TEACHER_EMBEDDING = (
        "teacher_embedding", "teacher_embedding_ms", "teacher embedding", "#D07A1F", "teacher", None,
        "teacher_tokens", "embedding of prompt tokens 0 … L-2", "a look-up")
    TEACHER_PREFILL = (
        "teacher_prefill", "teacher_prefill_ms", "teacher prefill", "#FDC572", "teacher", None,
        "teacher_tokens", "layers over prompt tokens 0 … L-2", "no LM head")
    PROJECTOR = (
        "projector", "projector_total_ms", "projection", "#7B3294", "both", None, "base_tokens",
        "all projections and the writing of the fused cache", "null without")
    TEACHER_DECODE = (
        "teacher_decode", "teacher_decode_total_ms", "teacher's message", "#8C2D04", "teacher",
        "teacher_decode_step_times_ms", "num_teacher_tokens",
        "steps of the teacher's message", "text-to-text alone")
    HANDOVER = (
        "handover", "handover_ms", "handover", "#000000", "host", None, "num_teacher_tokens",
        "message to text to the base's ids", "text-to-text alone; on the host")
    DECODE = (
        "decode", "decode_total_ms", "decode", "#35A37B", "base", "decode_step_times_ms",
        "num_generated_tokens", "sum of all T decode steps", "the first step included")
    # fmt: on


ONCE = tuple(stage for stage in Stage if not stage.is_per_token)
PER_TOKEN = tuple(stage for stage in Stage if stage.is_per_token)
# Keys of a record's ``timing``, in the order of a request.
STAGE_KEYS = tuple(stage.key for stage in Stage)
