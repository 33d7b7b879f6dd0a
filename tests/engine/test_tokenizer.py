"""A tokenizer is read as its repository declares it."""

from __future__ import annotations

import json

import pytest
from engine.tiny_tokenizers import headers
from transformers import AutoTokenizer

from c2c_timing.engine.tokenizer import load_tokenizer

TEXT = "So 12 loaves, don't  you?"


@pytest.mark.parametrize("declared", ["PreTrainedTokenizer", "PreTrainedTokenizerFast"])
def test_the_model_s_type_does_not_change_the_rules_of_tokenizer_json(tmp_path, declared):
    saved = headers(["1+2"])
    saved.save_pretrained(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "qwen2"}))
    config = tmp_path / "tokenizer_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"tokenizer_class": declared}))
    assert AutoTokenizer.from_pretrained(tmp_path).encode(TEXT) != saved.encode(TEXT)
    loaded = load_tokenizer(str(tmp_path))
    assert loaded.encode(TEXT) == saved.encode(TEXT)
    assert loaded.all_special_ids == saved.all_special_ids
    assert loaded.chat_template == saved.chat_template


def test_a_class_of_its_own_is_kept(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "qwen2"}))
    headers().save_pretrained(tmp_path)
    config = tmp_path / "tokenizer_config.json"
    changed = json.loads(config.read_text()) | {"tokenizer_class": "Qwen2Tokenizer"}
    config.write_text(json.dumps(changed))
    assert type(load_tokenizer(str(tmp_path))).__name__ == "Qwen2Tokenizer"
