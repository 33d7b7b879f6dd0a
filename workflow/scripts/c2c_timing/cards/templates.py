"""The Jinja templates of prompts. What fills them is data, never a template."""

from __future__ import annotations

import functools
from collections.abc import Collection
from pathlib import Path
from typing import Any

import jinja2
import jinja2.meta
import jinja2.nodes
import jinja2.sandbox

from ..errors import SampleError
from ..places import PROMPTS


def render_template(source: str, fields: dict[str, Any]) -> str:
    """A template filled with fields.

    Raises:
        SampleError: the template does something that these fields do not bear.
    """
    try:
        return _template(source).render(fields).strip()
    except Exception as error:  # a template may run into anything that Python knows
        raise SampleError(
            "prompt", f"the card's template fails ({type(error).__name__}: {error})"
        ) from error


def included_files(source: str) -> list[Path]:
    """The files that a template includes, and those that these include."""
    return [PROMPTS / name for name in sorted(_parts(source)) if name]


def template_problem(source: str, fields: Collection[str]) -> str | None:
    """What is wrong with a template that has these fields; None where nothing is."""
    try:
        parts = _parts(source)
        _template(source)
    except jinja2.TemplateNotFound as error:
        return f"includes {error.name}, which is not in {PROMPTS.name}"
    except (jinja2.TemplateError, RecursionError, ValueError) as error:
        return f"is no Jinja template ({error})"
    except OSError as error:
        return f"includes what cannot be read ({error.strerror})"
    used = set().union(*(jinja2.meta.find_undeclared_variables(tree) for tree in parts.values()))
    own = {
        name.name
        for tree in parts.values()
        for name in tree.find_all(jinja2.nodes.Name)
        if name.ctx == "store"
    }
    unknown = sorted(used - own - set(fields))
    return f"uses {', '.join(unknown)}, which columns do not name" if unknown else None


def _parts(source: str) -> dict[str, jinja2.nodes.Template]:
    """The parsed template, under an empty name, and all that it includes, by name."""
    loader = jinja2.FileSystemLoader(PROMPTS)
    parts = {"": _environment().parse(source)}
    waiting = [""]
    while waiting:
        for name in jinja2.meta.find_referenced_templates(parts[waiting.pop()]):
            if name is None:
                raise jinja2.TemplateError("an include must name its file")
            if name not in parts:
                text, _, _ = loader.get_source(_environment(), name)
                parts[name] = _environment().parse(text)
                waiting.append(name)
    return parts


@functools.lru_cache(maxsize=64)
def _template(source: str) -> jinja2.Template:
    return _environment().from_string(source)


@functools.cache
def _environment() -> jinja2.Environment:
    return jinja2.sandbox.SandboxedEnvironment(
        loader=jinja2.FileSystemLoader(PROMPTS),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
