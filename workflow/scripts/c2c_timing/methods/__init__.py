"""One request each, by one method; the timed region of every method is visible on one screen."""

from __future__ import annotations

from .alone import run_base, run_teacher
from .c2c import run_c2c
from .controls import run_c2c_closed, run_c2c_shuffled
from .t2t import run_t2t

ARMS = {
    "base": run_base,
    "teacher": run_teacher,
    "t2t": run_t2t,
    "c2c": run_c2c,
    "c2c_closed": run_c2c_closed,
    "c2c_shuffled": run_c2c_shuffled,
}
