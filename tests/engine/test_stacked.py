"""Weights in one piece, matrices merged, projectors stacked: the same values, held once."""

from __future__ import annotations

import copy

import pytest
import torch
from engine.ladder import TOLERANCE, make_pair, pair_of, set_gates
from engine.tiny_models import ARCHITECTURES, tiny_model
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from c2c_timing.engine import stacked
from c2c_timing.engine.cache import KVCache, KVShape
from c2c_timing.engine.fuser import dummy_fuser, project_into
from c2c_timing.engine.joined import joined
from c2c_timing.engine.layer_maps import LAYER_MAPS
from c2c_timing.engine.stacked import StackedFusion, open_halves
from c2c_timing.engine.static.cache import StaticCache
from c2c_timing.engine.static.merged import merge_linears


def memory_of(tensor):
    return tensor.untyped_storage().data_ptr()


@given(st.lists(st.integers(1, 5), min_size=1, max_size=5), st.sampled_from([(), (3,), (2, 3)]))
def test_joined_parts_are_views_of_one_memory_and_keep_their_values(rows, rest):
    parts = [nn.Parameter(torch.randn(n, *rest), requires_grad=False) for n in rows]
    before = [part.clone() for part in parts]
    whole = joined(parts)
    assert torch.equal(whole, torch.cat(before))
    assert all(torch.equal(part, old) for part, old in zip(parts, before, strict=True))
    assert {memory_of(part) for part in parts} == {memory_of(whole)}
    parts[-1].fill_(7.0)
    assert (whole[-rows[-1] :] == 7.0).all()


def test_what_is_joined_stays_where_it_is():
    parts = [nn.Parameter(torch.randn(2, 3)) for _ in range(4)]
    whole = joined(parts)
    places = [part.data_ptr() for part in parts]
    assert joined(parts).data_ptr() == whole.data_ptr()
    inner = joined(parts[1:3])
    assert inner.data_ptr() == places[1]
    assert torch.equal(inner, whole[2:6])
    assert [part.data_ptr() for part in parts] == places


def test_parts_in_another_order_or_with_a_gap_are_not_taken_for_a_row():
    parts = [nn.Parameter(torch.randn(2, 3)) for _ in range(3)]
    before = [part.clone() for part in parts]
    joined(parts)
    for order in ((1, 0, 2), (0, 2), (0, 0)):
        assert torch.equal(joined([parts[n] for n in order]), torch.cat([before[n] for n in order]))
        assert all(torch.equal(part, old) for part, old in zip(parts, before, strict=True))
    transposed = nn.Parameter(torch.randn(3, 2).T)
    old = transposed.clone()
    assert torch.equal(joined([transposed, parts[0]]), torch.cat([old, before[0]]))
    assert torch.equal(transposed, old)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@torch.no_grad()
def test_merged_matrices_compute_the_same_and_leave_the_weights_to_their_owner(architecture):
    model = tiny_model(architecture).model
    ids = torch.arange(5, 16)[None]
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    wanted = model(input_ids=ids).logits
    twin = copy.deepcopy(model, memo={id(tensor): tensor for tensor in model.parameters()})
    merge_linears(twin)
    torch.testing.assert_close(twin(input_ids=ids).logits, wanted, **TOLERANCE)
    torch.testing.assert_close(model(input_ids=ids).logits, wanted, **TOLERANCE)
    assert model.state_dict().keys() == before.keys()
    assert all(torch.equal(model.state_dict()[name], old) for name, old in before.items())
    # Nothing is held twice: all memory of the twin is the model's.
    owned = {memory_of(tensor) for tensor in (*model.parameters(), *model.buffers())}
    held = {memory_of(tensor) for tensor in twin.parameters()}
    held |= {memory_of(m.weight) for m in twin.modules() if type(m).__name__ == "Merged"}
    assert held <= owned


def test_a_second_twin_moves_nothing():
    model = tiny_model("qwen3").model
    for _ in range(2):
        merge_linears(copy.deepcopy(model, memo={id(t): t for t in model.parameters()}))
        places = [tensor.data_ptr() for tensor in model.parameters()]
    merge_linears(copy.deepcopy(model, memo={id(t): t for t in model.parameters()}))
    assert [tensor.data_ptr() for tensor in model.parameters()] == places


class Loaded:
    """As much of a loaded model as a fuser has to know."""

    def __init__(self, shapes):
        self.kv_shapes = shapes


HEADS = st.builds(KVShape, st.sampled_from([1, 2, 4]), st.sampled_from([2, 8]))
LAYERS = st.one_of(
    st.builds(lambda shape, n: [shape] * n, HEADS, st.integers(1, 5)),
    st.lists(HEADS, min_size=1, max_size=5),
)


def filled(kind, shapes, capacity):
    cache = kind(shapes, capacity, torch.float32, torch.device("cpu"))
    for tensor in cache.tensors():
        tensor.normal_()
    return cache


@settings(max_examples=40)
@given(data=st.data())
def test_stacked_projects_as_one_by_one(data):
    torch.manual_seed(0)
    mode = data.draw(st.sampled_from(["sequential", "parallel"]))
    base_shapes = data.draw(LAYERS)
    teacher_shapes = data.draw(st.lists(LAYERS, min_size=1, max_size=3))
    layer_map = data.draw(st.sampled_from(sorted(LAYER_MAPS)))
    pair = pair_of(Loaded(base_shapes), list(map(Loaded, teacher_shapes)), mode, layer_map)
    closed = data.draw(st.sets(st.tuples(st.sampled_from(["key", "value"]), st.integers(0, 4))))
    set_gates(pair, lambda *place: place not in closed)

    tokens, room = data.draw(st.integers(1, 9)), 4
    at = data.draw(st.integers(0, room))
    base, span = filled(KVCache, base_shapes, tokens + 2 * room), (at, at + tokens)
    sources = []
    for shapes in teacher_shapes:
        begin = data.draw(st.integers(0, room))
        sources.append((filled(KVCache, shapes, tokens + room), (begin, begin + tokens)))
    before = [tensor.clone() for tensor in base.tensors()]

    triples = [(f, *source) for f, source in zip(pair.fusers, sources, strict=True)]
    with torch.inference_mode():
        calls = project_into(base, span, triples, mode)
    wanted = [tensor.clone() for tensor in base.tensors()]
    if len(closed) < 10 and any(open_halves(fuser) for fuser in pair.fusers):
        assert any(not torch.equal(a, b) for a, b in zip(before, wanted, strict=True))

    most_rows, kind = data.draw(st.sampled_from([1, 7, 40, 1 << 15])), data.draw(
        st.sampled_from([KVCache, StaticCache])
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(stacked.MOST_ROWS, "cpu", most_rows)
        fusion = StackedFusion(pair.fusers, mode)
    found = filled(kind, base_shapes, tokens + 2 * room)
    for tensor, old in zip(found.tensors(), before, strict=True):
        tensor.copy_(old)
    with torch.inference_mode():
        assert fusion.project(found, span, sources) == calls
    for mine, theirs in zip(found.tensors(), wanted, strict=True):
        torch.testing.assert_close(mine, theirs, **TOLERANCE)


def test_stacked_weights_are_held_once_and_eager_reads_them_there():
    pair = make_pair("qwen3", ["qwen2", "llama"])
    before = {name: t.clone() for name, t in pair.fusers[0].state_dict().items()}
    fusions = [StackedFusion(pair.fusers, "sequential") for _ in range(2)]
    places, again = map(_memories, fusions)
    assert places == again
    for fuser, stack in zip(pair.fusers, places, strict=True):
        matrices = [m.weight for m in fuser.modules() if isinstance(m, nn.Linear)]
        assert {memory_of(weight) for weight in matrices} == stack
        held = sum(weight.numel() for weight in matrices)
        assert sum(torch.empty(0).set_(w.untyped_storage()).numel() for w in
                   {memory_of(w): w for w in matrices}.values()) == held  # fmt: skip
    after = pair.fusers[0].state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(after[name], old) for name, old in before.items())


def _memories(fusion):
    """Of each teacher's stack, where its matrices lie."""
    return [
        {memory_of(m.weight) for g in groups for m in g.stack.modules() if hasattr(m, "weight")}
        for groups in fusion._teachers
    ]


def test_equal_channels_in_other_heads():
    """Hypothesis found it: projectors of one shape may listen to layers of several."""
    teacher = [KVShape(1, 8), KVShape(4, 2), KVShape(2, 4)]
    shapes = [KVShape(2, 8)] * 3
    torch.manual_seed(0)
    fuser = dummy_fuser(shapes, teacher, "last_aligned", 24, 40, 4).eval()
    base, heard = filled(KVCache, shapes, 9), filled(KVCache, teacher, 9)
    found = filled(KVCache, shapes, 9)
    found.memory.copy_(base.memory)
    with torch.inference_mode():
        project_into(base, (1, 9), [(fuser, heard, (0, 8))], "sequential")
        StackedFusion([fuser], "sequential").project(found, (1, 9), [(heard, (0, 8))])
    torch.testing.assert_close(found.memory, base.memory, **TOLERANCE)


def test_layers_that_share_a_projector_are_not_mixed_up():
    """A checkpoint may let several layers listen through one projector."""
    shapes = [KVShape(2, 8)] * 3
    torch.manual_seed(0)
    fuser = dummy_fuser(shapes, shapes, "last_aligned", 24, 40, 4).eval()
    shared = fuser.connections[0].projector
    connections = [type(c)(c.base_layer, c.teacher_layer, shared) for c in fuser.connections]
    fuser = type(fuser)([*connections[:2], fuser.connections[2]])
    base, teacher = filled(KVCache, shapes, 9), filled(KVCache, shapes, 9)
    found = filled(KVCache, shapes, 9)
    found.memory.copy_(base.memory)
    with torch.inference_mode():
        project_into(base, (0, 9), [(fuser, teacher, (0, 9))], "sequential")
    fusion = StackedFusion([fuser], "sequential")
    with torch.inference_mode():
        fusion.project(found, (0, 9), [(teacher, (0, 9))])
        torch.testing.assert_close(found.memory, base.memory, **TOLERANCE)
