"""Copy bandwidth, matrix-product rates, latencies of kernels and synchronisation of one device."""

from __future__ import annotations

import datetime
import platform
from collections.abc import Callable
from typing import Any

import torch

from ...engine.devices import device_name
from ...progress import say
from .repeats import WARM_UPS, seconds_per_call, seconds_waiting, spread

MIB = 1 << 20
# Bytes that a copy touches, source and target together: from inside a cache to far beyond it.
COPIES = {"cpu": (1 * MIB, 512 * MIB), "cuda": (2 * MIB, 2048 * MIB)}
# A repeat copies small buffers as often as it takes to move so many bytes.
MOVED_A_REPEAT = {"cpu": 64 * MIB, "cuda": 1024 * MIB}
# Rows of square matrices. The search ends when one product takes long enough to fill the device.
PRODUCTS = {"cpu": (128, 2048), "cuda": (1024, 16384)}
LONG_PRODUCT_SECONDS = 0.02
LAUNCHES = 2000
# Kernels of one captured chain: so many that launching the graph itself does not count. And replays
# in a row, a repeat.
GRAPH_NODES, GRAPH_REPLAYS = 1000, 10
REPEATS = 15
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@torch.inference_mode()
def measure_device(device: torch.device) -> dict[str, Any]:
    """Everything of ``device.json``, ``workflow/schemas/device.schema.yaml``; well under a minute."""
    if device.type == "cuda":
        torch.cuda.set_device(device)
    say(f"measuring {device_name(device)} with {torch.get_num_threads()} thread(s)")
    return {
        "device": device_name(device),
        "node": platform.node(),
        "threads": torch.get_num_threads(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "torch": torch.__version__,
        "float32_matmul_precision": torch.get_float32_matmul_precision(),
        "measured_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "copy_gigabytes_per_second": measure_copies(device),
        "product_gigaflops_per_second": {
            name: measure_products(device, dtype) for name, dtype in DTYPES.items()
        },
        "launch_us": measure_launches(device),
        "graph_node_us": measure_graph_nodes(device),
        "synchronise_us": measure_synchronising(device),
        "read_back_us": measure_reading_back(device),
    }


def measure_copies(device: torch.device) -> list[dict[str, Any]]:
    """Bytes read and written a second, for buffers of doubling size.

    The largest defeat every cache. The small ones tell how much faster a stage may go whose weights
    stay in a cache from one pass to the next.
    """
    smallest, largest = COPIES[device.type]
    rungs, touched = [], smallest
    while touched <= largest:
        source = torch.rand(touched // 8, device=device)
        target = torch.empty_like(source)
        calls = max(1, MOVED_A_REPEAT[device.type] // touched)
        seconds = seconds_per_call(device, _copy(source, target), calls, REPEATS)
        rungs.append({"bytes": touched, **spread([touched / s / 1e9 for s in seconds])})
        touched *= 2
    return rungs


def measure_products(device: torch.device, dtype: torch.dtype) -> dict[str, Any]:
    """Operations a second of square matrix products of random numbers: of all sizes the fastest."""
    size, largest = PRODUCTS[device.type]
    best: dict[str, Any] = {"median": 0.0}
    while size <= largest:
        left, right = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
        product = torch.empty_like(left)
        call = _product(left, right, product)
        first = seconds_per_call(device, call, 1, 1)[0]
        # What lasts is steady, and would cost too much to repeat as often.
        repeats = REPEATS if first < LONG_PRODUCT_SECONDS else 3
        calls = max(1, min(100, int(0.1 * LONG_PRODUCT_SECONDS / first)))
        seconds = seconds_per_call(device, call, calls, repeats)
        rates = spread([2 * size**3 / s / 1e9 for s in seconds])
        if rates["median"] > best["median"]:
            best = {"size": size, **rates}
        if first > LONG_PRODUCT_SECONDS:
            break
        size *= 2
    return best


def measure_launches(device: torch.device) -> dict[str, Any]:
    """Time of one tiny operator in a long queue of them, in µs."""
    tiny = torch.zeros(1, device=device)
    seconds = seconds_per_call(device, tiny.neg_, LAUNCHES, REPEATS)
    return spread([s * 1e6 for s in seconds])


def measure_graph_nodes(device: torch.device) -> dict[str, Any] | None:
    """Time of one tiny kernel that waits for the one before it in a CUDA graph, in µs.

    None where there are no graphs.
    """
    if device.type != "cuda":
        return None
    replay = _captured_chain(device, GRAPH_NODES)
    seconds = seconds_per_call(device, replay, GRAPH_REPLAYS, REPEATS)
    return spread([s / GRAPH_NODES * 1e6 for s in seconds])


def measure_synchronising(device: torch.device) -> dict[str, Any] | None:
    """Time to launch one tiny operator and wait for it, in µs; None where calls wait anyway."""
    if device.type != "cuda":
        return None
    tiny = torch.zeros(1, device=device)

    def launch_and_wait() -> None:
        tiny.neg_()
        torch.cuda.synchronize()

    return spread([s * 1e6 for s in seconds_waiting(launch_and_wait, 20 * REPEATS)])


def measure_reading_back(device: torch.device) -> dict[str, Any]:
    """Time to read one number from the idle device on the host, in µs."""
    tiny = torch.zeros(1, device=device)
    return spread([s * 1e6 for s in seconds_waiting(tiny.item, 20 * REPEATS)])


def _captured_chain(device: torch.device, nodes: int) -> Callable[[], object]:
    """A graph of kernels, each of which reads what the one before wrote; returns its replay."""
    tiny = torch.zeros(1, device=device)
    stream = torch.cuda.Stream(device)
    stream.wait_stream(torch.cuda.current_stream(device))
    with torch.cuda.stream(stream):  # loads the kernel, which a capture must not
        for _ in range(WARM_UPS):
            tiny.neg_()
    torch.cuda.current_stream(device).wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(nodes):
            tiny.neg_()

    def replay() -> torch.Tensor:
        graph.replay()
        return tiny  # the graph knows its address alone: the replay keeps it

    return replay


def _copy(source: torch.Tensor, target: torch.Tensor) -> Callable[[], object]:
    return lambda: target.copy_(source)


def _product(
    left: torch.Tensor, right: torch.Tensor, product: torch.Tensor
) -> Callable[[], object]:
    return lambda: torch.mm(left, right, out=product)
