"""What passes through the socket between a command and its worker."""

from __future__ import annotations

import os
import socket
import sys

import pytest

from c2c_timing.worker.wire import Request, receive_request, send_request

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is no worker elsewhere")


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_a_request_arrives_as_it_was_called(ends):
    ours, theirs = ends
    sent = Request(["a b", "ü", "\udcff"], "/some/folder", {"NAME": "value"}, (0, 1, 2))
    send_request(ours, sent)
    received = receive_request(theirs)
    for stream in received.streams:
        os.close(stream)
    assert (received.words, received.folder, received.environment) == (
        sent.words,
        sent.folder,
        sent.environment,
    )
    assert len(received.streams) == 3


def test_an_answer_that_comes_at_once_is_no_broken_pipe(ends):
    ours, theirs = ends

    class Quick(socket.socket):
        def sendmsg(self, *words):
            size = super().sendmsg(*words)
            theirs.close()  # the worker had it all, did it, and is gone
            return size

    with Quick(fileno=ours.detach()) as quick:
        send_request(quick, Request([], "/", {}))
