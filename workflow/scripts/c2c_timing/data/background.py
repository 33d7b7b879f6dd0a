"""Text-to-text: how the teacher is asked for background knowledge."""

from __future__ import annotations

from ..cards.templates import render_template
from ..places import PROMPTS

TEMPLATE = PROMPTS / "background.jinja"
# After a request that holds the whole prompt already.
FOLLOW_UP = "Now answer it yourself, in the form that it asks for. Use the background above."


def background_request(question: str) -> str:
    """The user's turn that asks the teacher for what one should know to answer."""
    return render_template('{% include "background.jinja" %}', {"question": question})
