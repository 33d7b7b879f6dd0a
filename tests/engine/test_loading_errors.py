"""Each way in which a model cannot be loaded, on real files and a real server: advice that fits."""

from __future__ import annotations

import errno
import http.server
import json
import shutil
import threading

import pytest
import torch
from huggingface_hub import snapshot_download
from transformers import AutoConfig, AutoModelForCausalLM

from c2c_timing.cards.pair_card import ModelSpec, load_pair_card
from c2c_timing.engine.loading_errors import explained
from c2c_timing.engine.pair import load_model
from c2c_timing.errors import UserError


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A model folder that loads."""
    folder = tmp_path_factory.mktemp("model")
    config = AutoConfig.for_model(
        "llama", vocab_size=600, hidden_size=16, intermediate_size=16, num_hidden_layers=1,
        num_attention_heads=2, num_key_value_heads=1,
    )  # fmt: skip
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    for path in load_pair_card("tiny").base.tokenizer.iterdir():
        shutil.copy(path, folder)
    return folder


def load(folder):
    return load_model(ModelSpec(str(folder), "local"), torch.device("cpu"), torch.float32)


def with_config(**changes):
    def change(folder):
        path = folder / "config.json"
        config = json.loads(path.read_text()) | changes
        path.write_text(json.dumps({k: v for k, v in config.items() if v is not None}))

    return change


def write(name, content):
    return lambda folder: (folder / name).write_bytes(content)


def cut(name):
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:500])


def only_pickles(folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def of_own_code(folder):
    with_config(model_type="own", auto_map={"AutoConfig": "c.C"})(folder)


DAMAGES = {
    "cut weights": (cut("model.safetensors"), "damaged or incomplete"),
    "no weights in the file": (write("model.safetensors", b""), "damaged or incomplete"),
    "a pointer": (
        write("model.safetensors", b"version https://git-lfs\n"),
        "damaged or incomplete",
    ),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), "a file is missing"),
    "pickles alone": (only_pickles, "needs config.json, *.safetensors"),
    "no config": (lambda f: (f / "config.json").unlink(), "config.json is missing"),
    "torn config": (write("config.json", b"{"), "JSON file of it is damaged"),
    "no model_type": (with_config(model_type=None), "names no model_type"),
    "unknown architecture": (with_config(model_type="own"), "does not know its architecture"),
    "own code": (of_own_code, "code of a repository is never run"),
    "another kind": (with_config(model_type="vit"), "no decoder-only language model"),
    "a text for a number": (with_config(hidden_size="many"), "compare it with the published one"),
    "heads that do not fit": (
        with_config(num_attention_heads=3),
        "compare it with the published one",
    ),
    "no heads": (with_config(num_attention_heads=0), "compare it with the published one"),
    "an unknown activation": (with_config(hidden_act="own"), "compare it with the published one"),
    "weights of another size": (with_config(intermediate_size=32), "not of one model"),
    "weights of fewer layers": (with_config(num_hidden_layers=2), "not of one model"),
    "no tokenizer": (lambda f: (f / "tokenizer.json").unlink(), "tokenizer"),
    "torn tokenizer": (write("tokenizer.json", b"{"), "damaged"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_advice_fits_the_damage(whole, tmp_path, damage):
    folder = tmp_path / "model"
    shutil.copytree(whole, folder)
    load(folder)
    change, advice = DAMAGES[damage]
    change(folder)
    with pytest.raises(UserError) as caught:
        load(folder)
    said = str(caught.value)
    assert said.startswith(f"{folder}: cannot be loaded (")
    assert advice in said.split("); ")[-1]
    assert "network" not in said and "\n" not in said


ANSWERS = {
    "gated": (403, "GatedRepo", "access on request"),
    "private": (401, "RepoNotFound", "check the name; if the repository is private, log in"),
    "nowhere": (404, "RepoNotFound", "check the name"),
    "unknown-revision": (404, "RevisionNotFound", "check the revision"),
    "forbidden": (403, None, "access was denied"),
    "unauthorized": (401, None, "access was denied"),
    "overloaded": (429, None, "does not answer"),
    "failing": (500, None, "does not answer"),
}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        code, kind, _ = next(answer for name, answer in ANSWERS.items() if f"/{name}" in self.path)
        self.send_response(code)
        if kind:
            self.send_header("X-Error-Code", kind)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def endpoint():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.mark.parametrize("answer", ANSWERS)
def test_the_advice_fits_what_the_hub_answers(endpoint, tmp_path, answer):
    with pytest.raises(UserError) as caught, explained("a/model"):
        snapshot_download(f"a/{answer}", endpoint=endpoint, cache_dir=tmp_path)
    assert ANSWERS[answer][2] in str(caught.value)


def test_no_network_is_no_damage(tmp_path):
    with pytest.raises(UserError, match="the Hub does not answer") as caught, explained("a/model"):
        snapshot_download("a/b", endpoint="http://127.0.0.1:9", cache_dir=tmp_path)
    assert "HF_ENDPOINT" in str(caught.value)


@pytest.mark.parametrize(("error", "advice"), [
    (OSError(errno.ENOSPC, "No space left on device"), "the disk is full"),
    (OSError(errno.EDQUOT, "Disk quota exceeded"), "the disk is full"),
    (RuntimeError("Data processing error: No space left on device (os error 28)"), "the disk is full"),
    (PermissionError(errno.EACCES, "Permission denied"), "permissions"),
    (torch.OutOfMemoryError("CUDA out of memory."), "memory is too small"),
    (MemoryError(), "memory is too small"),
    (ImportError("it needs the package sentencepiece"), "install the package"),
])  # fmt: skip
def test_what_cannot_be_made_here_is_told_by_its_kind(error, advice):
    with pytest.raises(UserError, match=advice), explained("a/model"):
        raise RuntimeError("it failed") from error


def test_what_is_unknown_gets_no_advice():
    with pytest.raises(UserError) as caught, explained("a/model"):
        raise RuntimeError("a bolt is loose")
    assert str(caught.value) == "a/model: cannot be loaded (a bolt is loose)"
