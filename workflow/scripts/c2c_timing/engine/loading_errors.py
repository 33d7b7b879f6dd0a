"""What transformers and the Hub raise while a model is loaded, as one line whose advice fits."""

from __future__ import annotations

import contextlib
import errno
import json
from collections.abc import Callable, Iterator

import torch
from huggingface_hub import errors as hub
from safetensors import SafetensorError

from ..errors import UserError, one_line

REASON_WIDTH = 200
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
DENIED = (401, 403)

Test = Callable[[BaseException], bool]


@contextlib.contextmanager
def explained(what: str) -> Iterator[None]:
    """Turn whatever is raised within the block into one line: what, why, what to do.

    Raises:
        UserError: in place of any other ``Exception``.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # they raise some thirty kinds of errors
        advice = _advice(error)
        raise UserError(
            f"{what}: cannot be loaded ({_reason(error)}){advice and f'; {advice}'}"
        ) from error


def _advice(error: BaseException) -> str:
    """Of the first cause that is known, the most telling first; empty where none is."""
    causes = list(_causes(error))
    return next((advice for test, advice in ADVICE if any(map(test, causes))), "")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and what it was raised from: the libraries wrap what happened."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _reason(error: BaseException) -> str:
    lines = (line.strip() for line in str(error).splitlines())
    said = next((line for line in lines if line), "")
    # An error that is just a key or a number says nothing without its kind.
    plain = said if " " in said else f"{type(error).__name__}: {said}".removesuffix(": ")
    return one_line(plain)[:REASON_WIDTH]


def _is(*kinds: type[BaseException]) -> Test:
    return lambda error: isinstance(error, kinds)


def _says(*words: str) -> Test:
    return lambda error: any(word in str(error) for word in words)


def _either(*tests: Test) -> Test:
    return lambda error: any(test(error) for test in tests)


def _has_no_room(error: BaseException) -> bool:
    words = ("No space left on device", "Disk quota exceeded")
    return getattr(error, "errno", None) in NO_ROOM or _says(*words)(error)


def _is_denied(error: BaseException) -> bool:
    return getattr(getattr(error, "response", None), "status_code", None) in DENIED


def _is_refused_by_the_hub(error: BaseException) -> bool:
    return isinstance(error, hub.HfHubHTTPError) and not _is_denied(error)


ADVICE: list[tuple[Test, str]] = [
    (_has_no_room, "the disk is full: make room, or let HF_HOME lie on another disk"),
    (
        _either(_is(MemoryError, torch.OutOfMemoryError), _says("not enough memory")),
        "memory is too small for it: take a smaller model, a narrower dtype or another device",
    ),
    (
        _is(hub.GatedRepoError),
        "its owner gives access on request: ask on its page, then log in (hf auth login, or HF_TOKEN)",
    ),
    (
        _is(hub.RepositoryNotFoundError),
        "check the name; if the repository is private, log in (hf auth login, or HF_TOKEN)",
    ),
    (_is(hub.RevisionNotFoundError), "check the revision in its pair card"),
    (
        _is_denied,
        "access was denied: log in with an account that may read it (hf auth login, or HF_TOKEN)",
    ),
    (
        _either(_is(SafetensorError), _says("SafetensorError")),
        "a file of weights is damaged or incomplete: delete it and download it again",
    ),
    (
        _says("custom code", "trust_remote_code"),
        "code of a repository is never run: name a model that transformers itself knows",
    ),
    (
        _says("for this kind of AutoModel"),
        "it is no decoder-only language model: name one (Qwen, Llama, GPT-2, ...)",
    ),
    (
        _says("does not recognize this architecture"),
        "this version of transformers does not know its architecture: take a newer one, or another model",
    ),
    (
        _says("its weights lack", "ignore_mismatched_sizes", "size mismatch"),
        "config.json and weights are not of one model: download both from one place",
    ),
    (
        _says("Should have a `model_type` key"),
        "its config.json is missing or names no model_type: name a folder or a repository of transformers",
    ),
    (
        _either(_is(hub.RemoteEntryNotFoundError), _says("no file named", "have a file named")),
        "a file is missing: a model needs config.json, *.safetensors and a tokenizer",
    ),
    (
        _either(_says("tokenizer"), lambda error: "okeniz" in type(error).__name__),
        "its tokenizer cannot be read: it needs tokenizer.json and tokenizer_config.json",
    ),
    (
        _either(_is(json.JSONDecodeError, UnicodeDecodeError), _says("not a valid JSON file")),
        "a JSON file of it is damaged: mend it, or download it again",
    ),
    (_is(ImportError), "install the package that it names"),
    (_is(PermissionError), "this user may not read its files: see to their permissions"),
    (
        _is(hub.HFValidationError),
        "name a Hub id (owner/name) or a folder that is there",
    ),
    (
        _either(
            _is(hub.LocalEntryNotFoundError, hub.OfflineModeIsEnabled, ConnectionError, TimeoutError),
            _is_refused_by_the_hub,
            _says("We couldn't connect to"),
        ),
        "the Hub does not answer, and the cache lacks it: check the network, HF_ENDPOINT and "
        "HF_HUB_OFFLINE, or run with --weights dummy",
    ),
    (
        _is(hub.StrictDataclassError, KeyError, TypeError, ValueError, ZeroDivisionError, AttributeError),
        "transformers cannot make a model of its config.json: compare it with the published one",
    ),
]  # fmt: skip
