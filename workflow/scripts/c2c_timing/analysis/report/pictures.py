"""Figures inside the page: SVG that scales, in the page's colours; what to see, from what, by what."""

from __future__ import annotations

import base64
import re
import shlex
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...errors import UserError
from ...places import WORKFLOW
from ..deciding import WITH_MARGIN
from .colours import on_the_page
from .sources import Sources

SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
# A larger drawing (very many dots) comes as its PNG: the page has to open at once.
MOST_BYTES = 700_000

# What to see in each, a file a figure: Snakemake shows the same in its own report.
CAPTIONS = WORKFLOW / "report" / "figures"
# What a figure's heading says where it does not draw all panels.
LEFT_OUT = re.compile(r"\d+ of \d+ panels; .*")
# From which source a figure is drawn, where it is not the records.
FROM = {"roofline": ("bottlenecks", "device")}


@dataclass(frozen=True)
class Picture:
    """A figure of the page.

    Attributes:
        svg: the drawing, or None where ``png`` (base64) stands for it.
        width, height: its natural size.
        see: what to see in it; data: its files; command: what makes it.
    """

    name: str
    title: str
    svg: str | None
    png: str | None
    width: float
    height: float
    see: str
    data: str
    command: str


def what_to_see(name: str) -> str:
    """Of a figure that has a place on the page; empty for any other."""
    path = CAPTIONS / f"{name}.rst"
    return " ".join(path.read_text(encoding="utf-8").split()) if path.is_file() else ""


def pictures(sources: Sources) -> dict[str, Picture]:
    """The figures of the run by name, each with its caption."""
    return {path.stem: _picture(path, sources) for path in sources.figures}


def _picture(path: Path, sources: Sources) -> Picture:
    try:
        text = path.read_text(encoding="utf-8")
        root = ET.fromstring(text)  # our own file
    except (OSError, ValueError, ET.ParseError) as error:
        raise UserError(f"{path}: is no figure ({error}); make it with plot_timings.py") from None
    width, height = _size(root)
    name = path.stem
    png = path.with_suffix(".png")
    is_large = len(text) > MOST_BYTES and png.is_file()
    return Picture(
        name,
        name.replace("_", " ").capitalize().replace("vs", "against"),
        None if is_large else _inlined(root, f"figure-{name}"),
        base64.b64encode(png.read_bytes()).decode() if is_large else None,
        width,
        height,
        " ".join(filter(None, [what_to_see(name), _left_out(root)])),
        ", ".join(map(sources.file, FROM.get(name, ("timings",)))),
        _command(name, sources),
    )


def _command(name: str, sources: Sources) -> str:
    flags = " ".join(f"--{flag} {sources.file(flag)}" for flag in FROM.get(name, ("timings",)))
    if name in WITH_MARGIN and sources.margin is not None:
        flags += f" --margin {sources.margin:g}"
    if len(sources.pairs) > 1:
        flags += f" --pairs_first {shlex.join(sources.pairs)}"
    script = "python workflow/scripts/plot_timings.py"
    return f"{script} --figure {name} {flags} --png {name}.png --svg {name}.svg"


def _left_out(root: ET.Element) -> str:
    """A sentence on the panels that a drawing leaves out; empty where it has all."""
    lines = (element.text or "" for element in root.iter(f"{{{SVG}}}text"))
    found = next(filter(None, map(LEFT_OUT.match, lines)), None)
    return f"{found[0]}." if found else ""


def _size(root: ET.Element) -> tuple[float, float]:
    box = [float(word) for word in root.get("viewBox", "0 0 640 480").split()]
    return box[2], box[3]


def _inlined(root: ET.Element, prefix: str) -> str:
    """The drawing as an element of the page: ids of its own, no size, the page's ink and paper."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}title"):
                parent.remove(child)
    ids = {
        element.get("id"): f"{prefix}-{element.get('id')}"
        for element in root.iter()
        if element.get("id")
    }
    for element in root.iter():
        _rename(element, ids)
        if style := element.get("style"):
            element.set("style", on_the_page(style, of_text=element.tag == f"{{{SVG}}}text"))
        if element.tag == f"{{{SVG}}}style" and element.text:
            element.text = element.text.replace("*{", f"#{prefix} *{{")
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.set("id", prefix)
    root.set("aria-hidden", "true")  # its caption says what it shows
    root.set("focusable", "false")
    ET.register_namespace("", SVG)
    ET.register_namespace("xlink", XLINK)
    return ET.tostring(root, encoding="unicode")


def _rename(element: ET.Element, ids: Mapping[str | None, str]) -> None:
    """Two figures of matplotlib have the same ids: in one page they would take each other's parts."""
    for name, value in element.attrib.items():
        if name == "id":
            element.set(name, ids[value])
        elif name in ("href", f"{{{XLINK}}}href") and value.startswith("#"):
            element.set(name, f"#{ids.get(value[1:], value[1:])}")
        elif "url(#" in value:
            element.set(
                name, re.sub(r"url\(#([^)]+)\)", lambda m: f"url(#{ids.get(m[1], m[1])})", value)
            )
