"""Colours of the figures as the page has them, in light and in dark."""

from __future__ import annotations

import re

from ...method_table import METHODS
from ...stages import Stage

# What a drawing on white paper has, and what it is on the page's own.
INK, PAPER = "currentColor", "var(--paper)"
COLOUR = re.compile(r"#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})\b", re.IGNORECASE)
# Stages and methods below this luminance cannot be seen in the dark: there they have some white in them.
DARK, WHITE = 0.2, 0.4


def on_the_page(style: str, of_text: bool = False) -> str:
    """A colour, or a style with some: greys become a share of the page's ink, black all of it.

    Dark colours of stages and methods are those of ``lifted`` where the page is dark.

    Args:
        of_text: white words stand on a colour, and stay white; white areas are paper.
    """

    def own(found: re.Match[str]) -> str:
        colour = found[0].lower()
        light = int(found[1], 16)
        if len({part.lower() for part in found.groups()}) > 1:
            return f"var({_variable(colour)}, {colour})" if colour in LIFTED else colour
        if light == 255:
            return colour if of_text else PAPER
        share = 100 - light * 100 / 255
        return f"color-mix(in srgb, {INK} {share:.0f}%, {PAPER})" if light else INK

    return COLOUR.sub(own, style)


def dark_variables() -> dict[str, str]:
    """Custom properties of the page where it is dark."""
    return {_variable(colour): lifted for colour, lifted in LIFTED.items()}


def _variable(colour: str) -> str:
    return f"--lifted-{colour.removeprefix('#')}"


def _parts(colour: str) -> list[int]:
    return [int(colour[place : place + 2], 16) for place in (1, 3, 5)]


def _luminance(colour: str) -> float:
    """As WCAG 2 has it, with its exponent alone."""
    red, green, blue = ((part / 255) ** 2.2 for part in _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _lifted(colour: str) -> str:
    return "#" + "".join(f"{round(part + (255 - part) * WHITE):02x}" for part in _parts(colour))


LIFTED = {
    colour: _lifted(colour)
    for colour in (row.colour.lower() for row in (*Stage, *METHODS.values()))
    if len(set(_parts(colour))) > 1 and _luminance(colour) < DARK
}
