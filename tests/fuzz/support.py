"""What the fuzz tests share: counting, hostile values, and damage to structures and to bytes."""

from __future__ import annotations

import contextlib
import copy
import datetime
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from thoroughness import SCALE

from c2c_timing.errors import SampleError, UserError


def cases(count: int) -> settings:
    """Settings for so many cases; the same ones each time, so that a run can be repeated."""
    return settings(
        max_examples=count * SCALE,
        derandomize=SCALE == 1,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


class Tally(Counter):
    """How cases ended. Anything but a result, a clear error or a skipped row fails the test."""

    def __init__(self) -> None:
        super().__init__({"cases tried": 0, "clear errors": 0, "skipped rows": 0, "tracebacks": 0})

    @contextlib.contextmanager
    def case(self):
        self["cases tried"] += 1
        try:
            yield
        except UserError as error:
            self["clear errors"] += 1
            assert_clear(str(error))
        except SampleError as error:
            self["skipped rows"] += 1
            assert_clear(str(error))
        except AssertionError:
            raise
        except BaseException:
            self["tracebacks"] += 1
            raise


def assert_clear(message: str) -> None:
    """One line that a person can read."""
    assert message.strip()
    assert len(message.splitlines()) == 1
    assert "Traceback" not in message


HOSTILE_TEXTS = [
    "", " ", "\n\n", "a b", "a/b", "../../outside", "/", ".", "..", "'", '"', "`$(touch x)`", "a;b", "*",
    "{{ 7 * 7 }}", "{% include '../x' %}", "{% for", "{{ missing }}", "{subject}", "{0}", "%s", "\\", "~",
    "\0", "\x1b[31m", "\ud800", "\u2028", "\u202e", "é", "日本", "null", "NaN", "-1", "1e999", "--help",
    "<script>", "=1+1", "a\tb", "a\rb", "x" * 300, "word " * 3000, "tiny", "gsm8k", "all", "c2c",
]  # fmt: skip
HOSTILE_OTHERS = [
    None, True, False, 0, 1, -1, 2, 10**6, 10**30, -(10**400), 1.0, 1.5, -0.0, 1e308, float("nan"),
    float("inf"), [], {}, [None], [[]], [""], ["a", 1], ["a"] * 20, {"": ""}, {"text": None},
    {"text": ["a"], "label": []}, {"a": {"b": {"c": []}}}, [{"role": "user"}],
    [{"from": "human", "value": 1}, {}], datetime.date(2024, 2, 29),
]  # fmt: skip

texts = st.sampled_from(HOSTILE_TEXTS) | st.text(max_size=20)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
hostile = texts | st.sampled_from(HOSTILE_OTHERS).map(copy.deepcopy) | json_values
"""Whatever JSON or YAML may hold in a place."""


def paths_of(value: Any, path: tuple = ()) -> list[tuple]:
    """The way to every part of a structure."""
    found = [path] if path else []
    items = enumerate(value) if isinstance(value, list) else ()
    items = value.items() if isinstance(value, dict) else items
    return found + [each for key, inner in items for each in paths_of(inner, (*path, key))]


@st.composite
def damaged(draw, value: Any, most: int = 3) -> Any:
    """A structure in which up to ``most`` parts are replaced, removed, doubled or made up."""
    value = copy.deepcopy(value)
    for _ in range(draw(st.integers(1, most))):
        paths = paths_of(value)
        if not paths:
            return value
        *way, last = draw(st.sampled_from(paths))
        holder = value
        for key in way:
            holder = holder[key]
        damage = draw(st.sampled_from(["replace", "replace", "remove", "add", "double"]))
        if damage == "replace":
            holder[last] = draw(hostile)
        elif damage == "remove":
            del holder[last]
        elif isinstance(holder, list):
            holder.insert(last, draw(hostile) if damage == "add" else copy.deepcopy(holder[last]))
        else:
            other = draw(texts | st.integers() | st.none())
            holder[other] = draw(hostile) if damage == "add" else copy.deepcopy(holder[last])
    return value


@st.composite
def damaged_bytes(draw, content: bytes) -> bytes:
    """Bytes that are cut off, overwritten, doubled, or have others put between them."""
    for _ in range(draw(st.integers(1, 3))):
        begin = draw(st.integers(0, len(content)))
        end = min(len(content), begin + draw(st.integers(0, 40)))
        damage = draw(st.sampled_from(["cut off", "cut out", "overwrite", "put in", "double"]))
        junk = draw(st.binary(max_size=8) | st.sampled_from([b"\n", b'"', b"\xff\xfe", b"\0" * 9]))
        content = {
            "cut off": content[:begin],
            "cut out": content[:begin] + content[end:],
            "overwrite": content[:begin] + junk + content[begin + len(junk) :],
            "put in": content[:begin] + junk + content[begin:],
            "double": content[:end] + content[begin:],
        }[damage]
    return content
