"""What a pair's parts weigh, and the operators they call, as plain numbers for ``_run.json``.

Read off the loaded models rather than their configs: names in configs differ from architecture to
architecture, and a model from the Hub has no config in this repository.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from transformers.pytorch_utils import Conv1D

from ..runtime_table import CALLS, REFERENCE, RUNTIMES
from .causal_lm import CausalLM
from .decoding import greedy
from .experts import UnknownLayoutError, mixture_of
from .fuser import Fuser
from .pair import ModelPair
from .runtimes import RunningPair, eager
from .runtimes.eager import EagerMoves
from .stacked import Half, open_halves

# A prompt long enough to take the path of prompts, and short enough to cost nothing.
PROBE_TOKENS = 2
# Of a mixture one token, which wakes no more experts than any prompt must: each is called by itself.
MIXTURE_PROBE_TOKENS = 1


def describe_shapes(pair: ModelPair, running: Mapping[str, RunningPair]) -> dict[str, Any]:
    """Plain numbers from which every stage's work follows at any number of tokens.

    The counts of operators come from running each part once on a few tokens, so this is no
    business of a process that has still requests to time for a record.

    Args:
        running: the pair under the runtimes of the run, by their names.

    Returns:
        ``base`` and each of ``teachers`` as in ``model_shapes``, each of ``fusers`` as in
        ``fuser_shapes``; ``projection_chain``; ``projection_operators``: calls of one projection by
        all fusers under the reference runtime, and ``{name}_projection_operators`` under every
        other of the run that calls operators.
    """
    others = {
        name: own
        for name, own in running.items()
        if name != REFERENCE and RUNTIMES[name].launches == CALLS
    }
    return {
        "base": model_shapes(pair.base),
        "teachers": [model_shapes(teacher) for teacher in pair.teachers],
        "fusers": [
            fuser_shapes(fuser, pair.base, teacher)
            for fuser, teacher in zip(pair.fusers, pair.teachers, strict=False)
        ],
        "projection_chain": projection_chain(pair),
        "projection_operators": _projection_operators(eager.open_pair(pair), len(pair.fusers)),
        **{
            f"{name}_projection_operators": _projection_operators(own, len(pair.fusers))
            for name, own in others.items()
        },
    }


def projection_chain(pair: ModelPair) -> int:
    """Kernels of one projection that wait for one another, at the least.

    All projectors of a teacher may go side by side; ``sequential`` teachers follow each other.
    """
    chains = [max(map(_half_chain, open_halves(fuser)), default=0) for fuser in pair.fusers]
    return sum(chains) if pair.fusion_mode == "sequential" else max(chains, default=0)


def _half_chain(half: Half) -> int:
    """The products of the longest way through a projector; sums and norms go into them."""
    deepest = max(len(half.blocks("scalar_mlp2")), len(half.blocks("proj_mlp2")))
    return 1 + 2 * (len(half.blocks("mlp1")) + deepest) + 1


def model_shapes(lm: CausalLM) -> dict[str, Any] | None:
    """Sizes of one model, in elements; None where they do not tell its work.

    Of a mixture of experts every token wakes equally many, so that its work is known, if not which
    experts do it. What does not tell is a layout of experts that is not known here, and a config
    that does not say how many query heads there are.

    Returns:
        layers, hidden_size, vocabulary_size: as in the model's config.
        matrix_elements: of the matrices that every token is multiplied with; without the LM head,
            and of experts as many as one token wakes.
        other_elements: biases, norms and whatever else the layers read once a pass; of experts too.
        lm_head_elements: of the LM head, tied or not.
        query_elements: query heads times head size, over all layers.
        cache_elements: keys and values that one token adds to the cache, over all layers.
        element_bytes: of one weight or one cached value.
        operators: calls of one embedding, one prefill and one decode step (``greedy`` included).
        woken_elements, idle_elements: of a mixture alone: of the experts that one token wakes (in
            the above), and of those that it leaves asleep; a prompt's other tokens may wake those.
    """
    config = lm.model.config.get_text_config()
    query_heads = getattr(config, "num_attention_heads", None)
    lm_head = lm.model.get_output_embeddings()
    hidden_size = lm.embedding.weight.shape[1]
    try:
        mixture = mixture_of(lm.decoder, config, hidden_size)
    except UnknownLayoutError:
        return None
    if lm_head is None or not isinstance(query_heads, int):
        return None
    elements = sum(p.numel() for p in lm.decoder.parameters()) - mixture.idle_elements
    matrices = _matrix_elements(lm.decoder) - sum(map(_matrix_elements, mixture.groups))
    matrices += mixture.matrix_elements + mixture.router_elements
    embedded = sum(
        module.weight.numel() for module in lm.decoder.modules() if isinstance(module, nn.Embedding)
    )
    return {
        "layers": len(lm.kv_shapes),
        "hidden_size": hidden_size,
        "vocabulary_size": lm.vocabulary_size,
        "matrix_elements": matrices,
        "other_elements": elements - matrices - embedded,
        "lm_head_elements": lm_head.weight.numel(),
        "query_elements": query_heads * sum(s.head_dim for s in lm.kv_shapes),
        "cache_elements": sum(2 * shape.heads * shape.head_dim for shape in lm.kv_shapes),
        "element_bytes": lm.model.dtype.itemsize,
        "operators": _model_operators(lm, MIXTURE_PROBE_TOKENS if mixture.groups else PROBE_TOKENS),
        **(mixture.as_plain() if mixture.groups else {}),
    }


def fuser_shapes(fuser: Fuser, base: CausalLM, teacher: CausalLM) -> dict[str, Any]:
    """Sizes of the open halves (key, value) of one teacher's projectors, in elements.

    Returns:
        projections: base layers that are written to.
        matrix_elements: of the matrices that every token is multiplied with.
        other_elements: biases and norms.
        read_elements, written_elements: cached values of one token, over all projections.
        element_bytes: of one weight or one cached value.
    """
    matrices = others = read = written = 0
    for connection in fuser.connections:
        projector = connection.projector
        from_base = base.kv_shapes[connection.base_layer]
        from_teacher = teacher.kv_shapes[connection.teacher_layer]
        for kind, is_open in (
            ("key", projector.key_gate_open),
            ("value", projector.value_gate_open),
        ):
            if not is_open:
                continue
            parts = [m for name, m in projector.named_children() if name.startswith(f"{kind}_")]
            own = sum(_matrix_elements(part) for part in parts)
            matrices += own
            others += sum(p.numel() for part in parts for p in part.parameters()) - own
            written += from_base.heads * from_base.head_dim
            read += from_base.heads * from_base.head_dim
            read += from_teacher.heads * from_teacher.head_dim
    return {
        "projections": len(fuser.connections),
        "matrix_elements": matrices,
        "other_elements": others,
        "read_elements": read,
        "written_elements": written,
        "element_bytes": base.model.dtype.itemsize,
    }


class OperatorCount(TorchDispatchMode):
    """Counts the operators that compute something: views and copies of nothing are left out.

    On a GPU each of them launches one kernel or more, so the count is a lower bound of launches.
    """

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def __torch_dispatch__(self, operator, types, args=(), kwargs=None):
        result = operator(*args, **(kwargs or {}))
        if not operator.is_view and not _is_argument(operator, result, args):
            self.calls += 1
        return result


def _is_argument(operator: Any, result: Any, args: tuple) -> bool:
    """Whether an operator that writes nothing hands back what it was given (dropout, say)."""
    if operator._schema.is_mutable or not isinstance(result, torch.Tensor):
        return False
    return any(isinstance(a, torch.Tensor) and a.data_ptr() == result.data_ptr() for a in args)


def _matrix_elements(module: nn.Module) -> int:
    return sum(m.weight.numel() for m in module.modules() if isinstance(m, nn.Linear | Conv1D))


@torch.inference_mode()
def _model_operators(lm: CausalLM, tokens: int) -> dict[str, int]:
    ids = torch.zeros((1, tokens), dtype=torch.long, device=lm.model.device)
    moves = EagerMoves(lm)
    cache = moves.new_cache(tokens + 1)
    with OperatorCount() as embedding:
        embeddings = moves.embed(ids)
    with OperatorCount() as prefill:
        moves.prefill(embeddings, cache)
    with OperatorCount() as decode_step:
        greedy(moves.logits(ids[:, :1], cache))
    return {
        "embedding": embedding.calls,
        "prefill": prefill.calls,
        "decode_step": decode_step.calls,
    }


@torch.inference_mode()
def _projection_operators(running: RunningPair, fusers: int) -> int:
    span = (0, PROBE_TOKENS)
    base_cache = running.base.new_cache(PROBE_TOKENS)
    teachers = [(moves.new_cache(PROBE_TOKENS), span) for moves in running.teachers[:fusers]]
    with OperatorCount() as projection:
        running.project(base_cache, span, teachers)
    return projection.calls
