"""Signals end a command wherever they find it."""

from __future__ import annotations

import os
import signal
import sys
import time
import weakref

import pytest

from c2c_timing.interrupts import Interrupted, signals_interrupt


class Noisy:
    """Its end is the moment in which a signal comes."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)


class Quiet:
    """Something that a weak reference can point at."""


def end_of_an_object() -> None:
    Noisy()


def callback_of_a_weak_reference() -> None:
    thing = Quiet()
    reference = weakref.ref(thing, lambda _: os.kill(os.getpid(), signal.SIGTERM))
    del thing
    assert reference() is None


@pytest.mark.parametrize("moment", [end_of_an_object, callback_of_a_weak_reference])
def test_a_signal_that_python_drops_comes_again(moment):
    with pytest.raises(Interrupted) as interrupted, signals_interrupt():
        moment()
        time.sleep(60)
    assert interrupted.value.number == signal.SIGTERM


def test_it_comes_at_the_end_of_the_block_at_the_latest_and_not_after_it():
    before = signal.signal(signal.SIGTERM, lambda *_: pytest.fail("it came"))
    try:
        with pytest.raises(Interrupted), signals_interrupt():
            end_of_an_object()
        time.sleep(0.1)
    finally:
        signal.signal(signal.SIGTERM, before)


def test_an_inner_block_loses_none_of_an_outer_one():
    with pytest.raises(Interrupted), signals_interrupt():
        with signals_interrupt():
            end_of_an_object()
        time.sleep(60)


def test_what_comes_again_and_is_taken_comes_no_third_time():
    with signals_interrupt():
        with pytest.raises(Interrupted):
            end_of_an_object()
            time.sleep(60)
        time.sleep(0.1)


def test_an_error_that_comes_with_it_leaves_nothing_for_the_next_block():
    with pytest.raises(ValueError, match="an error"), signals_interrupt():
        end_of_an_object()
        raise ValueError("an error")
    with signals_interrupt():
        pass


def test_what_else_is_dropped_is_told_as_ever(monkeypatch):
    told = []
    monkeypatch.setattr(sys, "unraisablehook", told.append)

    class Faulty:
        def __del__(self) -> None:
            raise ValueError("a fault")

    with signals_interrupt():
        Faulty()
    assert [str(one.exc_value) for one in told] == ["a fault"]
    assert sys.unraisablehook == told.append
