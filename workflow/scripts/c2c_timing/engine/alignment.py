"""Different tokenizers: which teacher token stands beside which base token.

As in the reference (thu-nics/C2C, its ``TokenAligner``): only the messages' content is projected;
each of its base tokens is decoded and encoded again by the teacher, and one of the teacher's tokens
is kept. Between contents stand the models' own templates, each part padded at its end to the longest
model's. The reference stops where a model has no such part at all (no template, or no begin-of-text);
here the others read theirs, and that model nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from .rendering import SEPARATOR, Rendered, Span
from .request import TextSpan
from .special_tokens import decoded, padding_id, special_partner, unknown_id


def aligned_spans(
    messages: Sequence[dict[str, str]],
    base: Rendered,
    teachers: Sequence[Rendered],
    strategy: str,
) -> list[TextSpan]:
    """Cut a prompt into template (read, not projected) and message content (projected).

    Args:
        messages: the chat; each content must stand unchanged in every rendered text.
        base, teachers: the chat as each model reads it.
        strategy: ``first`` or ``longest`` of several candidates.

    Raises:
        ValueError: a template changes the messages, or a tokenizer lacks what alignment needs.
    """
    models = (base, *teachers)
    partners = [_partners(base.tokenizer, t.tokenizer, strategy) for t in teachers]
    spans = []
    for number, parts in enumerate(zip(*(_parts(m, messages) for m in models), strict=True)):
        if number % 2:
            own = parts[0]
            beside = [[partner(i) for i in own] for partner in partners]
            spans.append(TextSpan(own, beside, is_projected=True))
        else:
            spans.append(_padded(parts, [model.tokenizer for model in models]))
    return spans


def _padded(parts: Sequence[list[int]], tokenizers: Sequence[Any]) -> TextSpan:
    """One part of the templates: the base's ids, then each teacher's, as long as the longest."""
    longest = max(map(len, parts))
    lacking = [longest - len(part) if part else 0 for part in parts]
    base, *teachers = (
        [*part, *[padding_id(tokenizer)] * n] if n else part
        for part, n, tokenizer in zip(parts, lacking, tokenizers, strict=True)
    )
    return TextSpan(base, teachers, is_projected=False, padding=lacking)


def _parts(model: Rendered, messages: Sequence[dict[str, str]]) -> list[list[int]]:
    """Ids of [template, content, template, content, ..., template].

    A token that reaches into a content is part of it.
    """
    contents = [message["content"] for message in messages]
    find = _places_in_template if model.is_templated else _places_in_plain_text
    ids, places = model.ids_and_places()
    parts, at = [], 0
    for start, end in find(model.text, contents):
        first = next((n for n in range(at, len(ids)) if places[n][1] > start), len(ids))
        last = next((n for n in range(first, len(ids)) if places[n][0] >= end), len(ids))
        parts += [ids[at:first], ids[first:last]]
        at = last
    return [*parts, ids[at:]]


def _places_in_plain_text(text: str, contents: Sequence[str]) -> list[Span]:
    """First and last-plus-one character of each content that is not empty."""
    spans, at = [], 0
    for content in contents:
        if content:
            spans.append((at, at + len(content)))
        at += len(content) + len(SEPARATOR)
    return spans


def _places_in_template(text: str, contents: Sequence[str]) -> list[Span]:
    """The same: for each the first place that a special token or the end follows.

    So a content as short as ``user`` is not taken for the template's own word. Where there is no such
    place, or none that leaves room for the other contents, it is the first of all.
    """
    places: list[Span] = []
    contents = [content for content in contents if content]
    for number, content in enumerate(contents):
        at = places[-1][1] if places else 0
        # The second: templates that trim their messages.
        found = _occurrences(text, content, at) or _occurrences(text, content.strip(), at)
        if not found:
            raise ValueError("the chat template does not repeat the message as it is")
        rest = contents[number + 1 :]
        followed = (span for span in found if text[span[1] : span[1] + 1] in ("", "<"))
        places.append(next((s for s in followed if _has_room(text, rest, s[1])), found[0]))
    return places


def _occurrences(text: str, content: str, at: int) -> list[Span]:
    if not content:
        return []
    pattern = re.compile(f"(?={re.escape(content)})")
    return [(m.start(), m.start() + len(content)) for m in pattern.finditer(text, at)]


def _has_room(text: str, contents: Sequence[str], at: int) -> bool:
    """Whether the contents follow each other in the text from there on."""
    for content in contents:
        start = text.find(content.strip(), at)
        if start < 0:
            return False
        at = start + len(content.strip())
    return True


def _partners(base: Any, teacher: Any, strategy: str) -> Callable[[int], int]:
    """From a base token to the teacher's beside it; each found once."""
    special = frozenset(base.all_special_ids)
    known: dict[int, int] = {}

    def partner(base_id: int) -> int:
        if base_id not in known:
            known[base_id] = (
                special_partner(base_id, base, teacher)
                if base_id in special
                else _candidate(decoded(base_id, base), teacher, strategy)
            )
        return known[base_id]

    return partner


def _candidate(text: str, teacher: Any, strategy: str) -> int:
    """The one of the teacher's tokens for a text that is kept."""
    candidates = teacher.encode(text, add_special_tokens=False)
    if not candidates:
        return unknown_id(teacher)
    if strategy == "first":
        return candidates[0]
    return max(candidates, key=lambda i: len(decoded(i, teacher)))
