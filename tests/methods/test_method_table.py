"""What a row of the table says of a method is what its file does."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from c2c_timing.cards.dataset_card import load_dataset_card
from c2c_timing.cards.pair_card import load_pair_card
from c2c_timing.data.prompts import Prompt
from c2c_timing.engine.runtimes.eager import EagerMoves
from c2c_timing.meters.clock import StageClock
from c2c_timing.meters.wall_times import WallTimes
from c2c_timing.method_table import METHODS, SUBJECT
from c2c_timing.methods import load_methods
from c2c_timing.places import PROMPTS
from c2c_timing.session import Session, Trial
from c2c_timing.settings import RunSettings

TOKENS = 3


@pytest.fixture(scope="module")
def tiny():
    """The tiny pair with its teacher twice, and a task at fixed length for every method."""
    card = load_pair_card("tiny")
    settings = RunSettings(
        replace(card, teachers=card.teachers * 2, fusers=card.fusers * 2),
        methods=tuple(METHODS), max_new_tokens=TOKENS, message_max_tokens=TOKENS, device="cpu",
    )  # fmt: skip
    session = Session(settings, WallTimes())

    def sample(text, other=None):
        prompt = Prompt([{"role": "user", "content": text}], chat=True)
        return session.preparation.sample(prompt, load_dataset_card("gsm8k"), "main", text, other)

    one = sample("How much is 2 + 2?", other=lambda: sample("How many legs has a cat?"))
    tasks, troubles = session.preparation.tasks(one)
    assert troubles == {}
    return session, {name: task.at_length("fixed") for name, task in tasks.items()}


class Watched(EagerMoves):
    """Notes that it reads, and the tokens of its steps in a list that models share."""

    def __init__(self, lm, name, stepped):
        super().__init__(lm)
        self.name, self.reads, self._stepped = name, False, stepped

    def prefill(self, embeddings, cache):
        self.reads = True
        super().prefill(embeddings, cache)

    def stepper(self, decoding):
        step = super().stepper(decoding)

        def noted(token, cache):
            chosen = step.make(token, cache)
            self._stepped.append((self.name, chosen.item()))
            return chosen

        return replace(step, make=noted)


@pytest.mark.parametrize("name", METHODS)
def test_every_row_has_a_file(name):
    assert METHODS[name].name == name
    method = load_methods()[name]
    assert method.__name__ == f"c2c_timing.methods.{name}"
    assert callable(method.prepare)
    assert callable(method.run)


@pytest.mark.parametrize("name", METHODS)
def test_its_stages_are_those_of_its_requests(tiny, name):
    session, tasks = tiny
    clock = StageClock()
    session.answer(Trial(name, "eager", tasks[name]), clock)
    marked = dict.fromkeys(stage for stage, _ in clock.read().marks)
    assert sorted(marked) == sorted(METHODS[name].stages)


@pytest.mark.parametrize("name", METHODS)
def test_its_models_read_and_one_of_them_answers(tiny, name, monkeypatch):
    session, tasks = tiny
    stepped = []
    base, *teachers = (
        Watched(lm, model, stepped)
        for lm, model in [
            (session.pair.base, "base"),
            *((lm, "teacher") for lm in session.pair.teachers),
        ]
    )
    pair = replace(session.running["eager"], base=base, teachers=teachers)
    monkeypatch.setitem(session.running, "watched", pair)
    answer = session.answer(Trial(name, "watched", tasks[name]), StageClock())
    read = {"base": base.reads, "teachers": all(teacher.reads for teacher in teachers)}
    read["teacher"] = teachers[0].reads and not teachers[1].reads
    assert {model for model, has_read in read.items() if has_read} == set(METHODS[name].models)
    assert len(answer.ids) == TOKENS
    assert stepped[-TOKENS:] == [(METHODS[name].answers, i) for i in answer.ids]


def test_what_rows_name_is_there():
    known = {field.name for field in fields(RunSettings)}
    for row in METHODS.values():
        assert all((PROMPTS / template).is_file() for template in row.templates)
        assert set(row.settings) <= known
    assert SUBJECT in METHODS


def test_rows_can_be_told_apart():
    for look in ("title", "colour"):
        assert len({getattr(row, look) for row in METHODS.values()}) == len(METHODS)
