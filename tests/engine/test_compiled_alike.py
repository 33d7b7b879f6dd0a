"""What is compiled does not depend on what came before: each process finds what another one compiled."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from engine.ladder import CPU

from c2c_timing.engine.decoding import Decoding
from c2c_timing.engine.request import build_request, same_ids
from c2c_timing.engine.static.compiling import CompilingKit
from c2c_timing.engine.static.pair import open_static
from c2c_timing.meters.clock import StageClock
from c2c_timing.probes.self_test.whole import open_tiny


class RecordingKit(CompilingKit):
    """Hands every graph back as it is, and keeps what a compiler would find it by."""

    def __init__(self):
        super().__init__()
        self.graphs = set()

    def compiled(self, function, **options):
        def record(graph, inputs):
            self.graphs.add(graph.print_readable(print_output=False, include_stride=True))
            return graph.forward

        return torch.compile(function, fullgraph=True, backend=record)


@pytest.fixture(scope="module")
def tiny():
    yield open_tiny("cpu")
    torch._dynamo.reset()


def graphs(tiny, *requests):
    """Of these requests in their order, in a process that has compiled nothing yet."""
    session, tasks = tiny
    torch._dynamo.reset()
    kit = RecordingKit()
    running = open_static("compiled", session.pair, kit)
    for method, tokens, new_tokens in requests:
        ids = [(7 * n * n + 3) % session.pair.base.vocabulary_size for n in range(tokens)]
        request = build_request(same_ids(ids, 1), Decoding(new_tokens, ignore_eos=True), CPU)
        task = replace(tasks[method], request=request)
        with torch.inference_mode():
            session.methods[method].run(running, task, StageClock())
    return kit.graphs


def test_other_methods_and_lengths_find_what_a_first_process_compiled(tiny):
    first = graphs(tiny, *((method, 130, 16) for method in ("base", "c2c", "t2t")))
    # A cache of 192, and a prompt that would be padded to that; the teacher comes first.
    other = graphs(tiny, ("teacher", 183, 9), ("c2c", 183, 9))
    assert len(other) > 10
    assert other <= first
