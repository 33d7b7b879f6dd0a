"""Colours of the figures as the page has them, in light and in dark."""

from __future__ import annotations

import re

# What a drawing on white paper has, and what it is on the page's own.
INK, PAPER = "currentColor", "var(--paper)"
GREY = re.compile(r"#([0-9a-f]{2})\1\1\b", re.IGNORECASE)


def on_the_page(style: str, of_text: bool = False) -> str:
    """A colour, or a style with some: greys become a share of the page's ink, black all of it.

    Args:
        of_text: white words stand on a colour, and stay white; white areas are paper.
    """

    def own(found: re.Match[str]) -> str:
        light = int(found[1], 16)
        if light == 255:
            return found[0] if of_text else PAPER
        share = 100 - light * 100 / 255
        return f"color-mix(in srgb, {INK} {share:.0f}%, {PAPER})" if light else INK

    return GREY.sub(own, style)
