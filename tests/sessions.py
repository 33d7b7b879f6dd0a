"""Sessions for tests: loading a pair takes longest, so that one serves many settings."""

from __future__ import annotations

import copy

from c2c_timing.prepare import Preparation
from c2c_timing.session import Session
from c2c_timing.settings import RunSettings


def with_settings(session: Session, settings: RunSettings) -> Session:
    """The same loaded pair, for a run with other settings."""
    other = copy.copy(session)
    other.settings = settings
    other.preparation = Preparation(settings, session.pair, session.methods)
    return other
