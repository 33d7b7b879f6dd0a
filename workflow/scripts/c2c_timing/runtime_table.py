"""The runtimes: one row a way in which models and projectors are executed.

How a runtime works stands in ``engine/runtimes/{name}.py``. A new runtime is one row here and one
file there. Never imports torch.
"""

from __future__ import annotations

from dataclasses import dataclass

# How kernels are launched: the host calls operators, or replays a CUDA graph of kernels.
CALLS, GRAPH = "calls", "graph"


@dataclass(frozen=True)
class RuntimeRow:
    """What all parts of the project know of a runtime.

    Attributes:
        name: in config, commands, records; and the name of its file in ``engine/runtimes/``.
        title: what it is, for figures, tables and help.
        devices: types of devices that it runs on.
        launches: ``CALLS`` of the reference's operators, projectors' apart; or ``GRAPH``: no floor
            follows from those operators, nor, where there are no graphs (on a CPU), from a latency.
    """

    name: str
    title: str
    devices: tuple[str, ...]
    launches: str


RUNTIMES = {
    row.name: row
    for row in (
        RuntimeRow("eager", "transformers' models as they are called", ("cpu", "cuda"), CALLS),
        RuntimeRow(
            "fused", "eager, all projectors as one batched computation", ("cpu", "cuda"), CALLS
        ),
        RuntimeRow(
            "graphs", "static memory, every move captured as a CUDA graph", ("cuda",), GRAPH
        ),
        RuntimeRow("compiled", "the same, compiled by inductor", ("cpu", "cuda"), GRAPH),
    )
}
# With which others are compared.
REFERENCE = "eager"
