"""Requests under any runtime, with all that they leave behind, for comparisons with eager."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import torch
from engine.tiny_models import tiny_model

from c2c_timing.engine.decoding import Decoding, Step
from c2c_timing.engine.fuser import Fuser, dummy_fuser
from c2c_timing.engine.pair import ModelPair
from c2c_timing.engine.request import Request, build_request, same_ids
from c2c_timing.engine.runtimes import RunningPair, open_pair
from c2c_timing.engine.static.kit import Kit
from c2c_timing.engine.static.pair import open_static
from c2c_timing.meters.clock import Reading, StageClock
from c2c_timing.methods.task import Answer, Task

CPU = torch.device("cpu")
TOLERANCE = {"atol": 1e-4, "rtol": 1e-4}
VOCABULARY = 300


def opened(name: str, pair: ModelPair) -> RunningPair:
    """``moves`` are the static ones as they are: what ``graphs`` captures, and that needs CUDA."""
    return open_static("graphs", pair, Kit()) if name == "moves" else open_pair(name, pair)


class ReadOneBehind:
    """What ``ReadBehind`` does on CUDA: the token of a step is known while the next one runs."""

    is_behind = True

    def __init__(self):
        self._tokens = []

    def read(self, token):
        self._tokens.append(token.clone())
        return int(self._tokens[-2]) if len(self._tokens) > 1 else None

    def last(self):
        return int(self._tokens[-1])


class Keeping:
    """One model's moves; keeps the caches that it hands out, and may put a reader in its steps."""

    def __init__(self, moves, reader=None):
        self._moves, self._reader = moves, reader
        self.caches = []

    def __getattr__(self, name):
        return getattr(self._moves, name)

    def new_cache(self, capacity, padding=None):
        self.caches.append(self._moves.new_cache(capacity, padding))
        return self.caches[-1]

    def stepper(self, decoding):
        step = self._moves.stepper(decoding)
        return Step(step.make, self._reader()) if self._reader else step


@dataclass
class Outcome:
    answer: Answer
    reading: Reading
    lengths: list[int]
    tensors: list[list[torch.Tensor]]


@torch.inference_mode()
def outcome(running: RunningPair, method, task: Task | Request, reader=None) -> Outcome:
    """The answer, the stages, and keys and values of every cache that the request used."""
    task = Task(task, 0.0, {}) if isinstance(task, Request) else task
    every = [Keeping(moves, reader) for moves in (running.base, *running.teachers)]
    clock = StageClock()
    answer = method.run(replace(running, base=every[0], teachers=every[1:]), task, clock)
    caches = [cache for moves in every for cache in moves.caches]
    lengths = [cache.get_seq_length() for cache in caches]
    tensors = [
        [tensor[:, :, :length].clone() for tensor in cache.tensors()]
        for cache, length in zip(caches, lengths, strict=True)
    ]
    return Outcome(answer, clock.read(), lengths, tensors)


def assert_same(found: Outcome, wanted: Outcome) -> None:
    """Equal ids, projections, stages and lengths; caches within the tolerance."""
    assert found.answer.ids == wanted.answer.ids
    assert found.answer.projector_calls == wanted.answer.projector_calls
    assert [s for s, _ in found.reading.marks] == [s for s, _ in wanted.reading.marks]
    assert found.lengths == wanted.lengths
    for mine, theirs in zip(found.tensors, wanted.tensors, strict=True):
        for one, other in zip(mine, theirs, strict=True):
            torch.testing.assert_close(one, other, **TOLERANCE)


def make_pair(
    base="qwen3", teachers=("qwen2",), mode="sequential", layer_map="last_aligned", **config
) -> ModelPair:
    lm = tiny_model(base, **config)
    lms = [tiny_model(name, seed, **config) for seed, name in enumerate(teachers, 1)]
    return pair_of(lm, lms, mode, layer_map)


def pair_of(base, teachers, mode="sequential", layer_map="last_aligned") -> ModelPair:
    fusers = [
        dummy_fuser(base.kv_shapes, lm.kv_shapes, layer_map, 24, 40, 4).eval() for lm in teachers
    ]
    return ModelPair(base, list(teachers), fusers, mode, CPU)


def set_gates(pair: ModelPair, is_open) -> None:
    """Open or close every gate; ``is_open(kind, number)`` says which."""
    for place, fuser in enumerate(pair.fusers):
        for number, connection in enumerate(fuser.connections):
            projector = connection.projector
            projector.key_gate_logit.data.fill_(1.0 if is_open("key", number) else -1.0)
            projector.value_gate_logit.data.fill_(1.0 if is_open("value", number) else -1.0)
            projector.freeze_gates()
        pair.fusers[place] = Fuser(fuser.connections)


def some_ids(length: int, seed: int = 7) -> list[int]:
    draw = random.Random(seed)
    return [draw.randrange(VOCABULARY) for _ in range(length)]


def prompt(pair, length: int, new_tokens: int = 4, seed: int = 7, **decoding) -> Request:
    how = Decoding(new_tokens, **{"ignore_eos": True, **decoding})
    return build_request(same_ids(some_ids(length, seed), len(pair.teachers)), how, CPU)
