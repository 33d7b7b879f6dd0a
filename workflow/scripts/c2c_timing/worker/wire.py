"""What a command and its worker say to each other over a Unix socket.

First the request: a length, JSON, and with the first byte the command's standard streams. The worker says
when it takes it. Then the command sends a byte for every signal that it gets, and the worker, at the end,
the exit code.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

_LENGTH, _CODE = struct.Struct("!I"), struct.Struct("!i")
STREAMS = 3


@dataclass
class Request:
    """A command, as it was called.

    Attributes:
        words: its arguments; None asks the worker to end.
        streams: standard input, output and error; those of the receiving process once received.
    """

    words: list[str] | None
    folder: str
    environment: dict[str, str]
    streams: tuple[int, ...] = ()

    @classmethod
    def of_this_process(cls, words: list[str]) -> Request:
        """The words, here and now."""
        sys.stdout.flush()
        return cls(words, str(Path.cwd()), dict(os.environ), (0, 1, 2))


def send_request(connection: socket.socket, request: Request) -> None:
    """Whole."""
    plain = asdict(request)
    del plain["streams"]
    text = json.dumps(plain).encode("utf-8", "surrogateescape")
    message = _LENGTH.pack(len(text)) + text
    sent = socket.send_fds(connection, [message], list(request.streams))
    if rest := message[
        sent:
    ]:  # nothing is no message: sent to who has answered, it would be a broken pipe
        connection.sendall(rest)


def receive_request(connection: socket.socket) -> Request:
    """Whole.

    Raises:
        EOFError: the other end is gone.
    """
    begin, streams, _, _ = socket.recv_fds(connection, _LENGTH.size, STREAMS)
    begin += _exactly(connection, _LENGTH.size - len(begin))
    text = _exactly(connection, _LENGTH.unpack(begin)[0])
    return Request(**json.loads(text.decode("utf-8", "surrogateescape")), streams=tuple(streams))


def send_taken(connection: socket.socket) -> None:
    """The request's turn has come."""
    connection.sendall(b"T")


def wait_until_taken(connection: socket.socket) -> None:
    """Until the request's turn has come.

    Raises:
        EOFError: the worker is gone.
    """
    _exactly(connection, 1)


def send_signal(connection: socket.socket, number: int) -> None:
    """A signal that the command got."""
    connection.sendall(bytes([number]))


def receive_signal(connection: socket.socket) -> int | None:
    """The next; None where the command is gone."""
    received = connection.recv(1)
    return received[0] if received else None


def send_code(connection: socket.socket, code: int) -> None:
    """How it ended."""
    connection.sendall(_CODE.pack(code))


def receive_code(connection: socket.socket) -> int:
    """How it ended.

    Raises:
        EOFError: the worker is gone.
    """
    return int(_CODE.unpack(_exactly(connection, _CODE.size))[0])


def _exactly(connection: socket.socket, size: int) -> bytes:
    parts = b""
    while len(parts) < size:
        part = connection.recv(size - len(parts))
        if not part:
            raise EOFError
        parts += part
    return parts
