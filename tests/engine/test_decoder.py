from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import (
    MusicgenDecoderConfig,
    MusicgenForCausalLM,
    MusicgenMelodyDecoderConfig,
    MusicgenMelodyForCausalLM,
)

from engine import linear
from engine.adapters import LowRank
from engine.decoder import PREFILL_FRAMES, Condition, Decoder, DecoderSpec, tensor_shapes
from engine.job import Product
from engine.linear import MOST_ROWS, ROWS, Change, Linear, Projection, SmallChange, Tuning, alone, steady
from engine.precision import multiplies_bf16
from tests.engine.tiny import CARD, decoder_settings, spread

S, STEPS = 5, 12

EITHER_CHANGE = pytest.mark.parametrize("small", [linear.SMALL, 0], ids=["row by row", "packed"])


def spec_of(cross_attention: bool = True, **changes: Any) -> DecoderSpec:
    settings = decoder_settings(**changes)
    return DecoderSpec(
        hidden=settings["hidden_size"],
        layers=settings["num_hidden_layers"],
        heads=settings["num_attention_heads"],
        ffn=settings["ffn_dim"],
        codebooks=settings["num_codebooks"],
        card=CARD,
        channels=1,
        max_positions=settings["max_position_embeddings"],
        activation="gelu",
        cross_attention=cross_attention,
    )


def tiny_reference(**changes: Any) -> MusicgenForCausalLM:
    model = MusicgenForCausalLM(MusicgenDecoderConfig(**decoder_settings(**changes))).eval()
    spread(model)
    return model


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def tokens(K: int, count: int, seed: int = 0) -> Tensor:
    """Random tokens [K, count], padding among them."""
    return torch.randint(0, CARD + 1, (K, count), generator=torch.Generator().manual_seed(seed))


def changes_for(
    decoder: Decoder, only: Callable[[str], bool] = lambda module: True, size: float = 0.3
) -> dict[str, LowRank]:
    """A random rank-2 change of every linear module that `only` accepts."""
    return {
        module: LowRank(size * random(2, into, seed=i), size * random(out, 2, seed=i + 1), 0.5)
        for i, (module, (out, into)) in enumerate(decoder.linear_shapes.items())
        if only(module)
    }


def read(
    decoder: Decoder, sequence: Tensor, condition: Condition, tunings: list[Tuning | None], guided: bool
) -> Tensor:
    """The logits [ROWS, K, steps, V] of reading `sequence` [K, steps] in every row."""
    block, prefix = decoder.start(tunings, guided, condition, sequence.shape[-1])
    if prefix is not None:
        list(decoder.prefill(block, prefix))
    return torch.stack([decoder.step(block, column.expand(ROWS, -1)) for column in sequence.T], dim=2)


@torch.no_grad()
@pytest.mark.parametrize("changes", [{}, {"num_codebooks": 8, "audio_channels": 2}, {"hidden_size": 36}])
def test_logits_equal_transformers(changes: dict[str, Any]) -> None:
    model = tiny_reference(**changes)
    decoder = Decoder(spec_of(**changes), model.state_dict())
    K, D = decoder.spec.codebooks, decoder.spec.hidden
    sequence, text = tokens(K, STEPS), random(S, D)
    logits = read(decoder, sequence, Condition(text), [None], guided=True)
    seen = model(sequence, encoder_hidden_states=text[None]).logits
    nothing = torch.zeros(1, S)
    null = model(sequence, encoder_hidden_states=0 * text[None], encoder_attention_mask=nothing).logits
    assert (logits[0] - seen).abs().max() < 1e-4
    assert (logits[1] - null).abs().max() < 1e-4
    assert seen.std() > 1 and (seen - null).abs().max() > 1


@torch.no_grad()
def test_logits_of_a_melody_model_equal_transformers() -> None:
    model = MusicgenMelodyForCausalLM(MusicgenMelodyDecoderConfig(**decoder_settings())).eval()
    spread(model)
    decoder = Decoder(spec_of(cross_attention=False), model.state_dict())
    sequence, before = tokens(4, STEPS), Condition(random(S, 32), random(S, 32, seed=1))
    logits = read(decoder, sequence, before, [None], guided=True)
    for row, states in enumerate((before.states, before.null)):
        expected = model(sequence, encoder_hidden_states=states[None]).logits[:, S:]
        assert (logits[row] - expected).abs().max() < 1e-4


@torch.no_grad()
def test_what_is_read_at_once_is_as_if_read_one_by_one() -> None:
    decoder = Decoder(spec_of(), tiny_reference().state_dict())
    sequence, condition = tokens(4, 2 * PREFILL_FRAMES + 7), Condition(random(S, 32))
    expected = read(decoder, sequence, condition, [None], guided=True)[:2, :, -1]
    block, _ = decoder.start([None], True, condition, sequence.shape[-1])
    pieces = list(decoder.prefill(block, decoder.embed(sequence[:, :-1].expand(ROWS, -1, -1))))
    assert len(pieces) == 3
    assert (decoder.step(block, sequence[:, -1].expand(ROWS, -1))[:2] - expected).abs().max() < 1e-4


@torch.no_grad()
@EITHER_CHANGE
def test_tuned_rows_equal_a_model_of_merged_weights(small: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear, "SMALL", small)
    model = tiny_reference()
    decoder = Decoder(spec_of(), model.state_dict())
    changes = changes_for(decoder)
    sequence, text = tokens(4, STEPS), random(S, 32)
    logits = read(decoder, sequence, Condition(text), [None, decoder.tune(changes)], guided=True)
    for module, change in changes.items():
        model.get_submodule(module).weight += change.scale * change.B @ change.A
    seen = model(sequence, encoder_hidden_states=text[None]).logits
    null = model(
        sequence, encoder_hidden_states=0 * text[None], encoder_attention_mask=torch.zeros(1, S)
    ).logits
    assert (logits[2] - seen).abs().max() < 1e-4
    assert (logits[3] - null).abs().max() < 1e-4
    assert (logits[2] - logits[0]).abs().max() > 0.1


@torch.no_grad()
@EITHER_CHANGE
@pytest.mark.parametrize("guided", [True, False])
def test_base_rows_are_the_same_bits_beside_tuned_ones_and_after_any_mixes(
    guided: bool, small: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linear, "SMALL", small)
    decoder = Decoder(spec_of(), tiny_reference().state_dict())
    sequence, condition = tokens(4, STEPS), Condition(random(S, 32))
    rows = 2 if guided else 1
    alone = read(decoder, sequence, condition, [None], guided)[:rows]
    for size in (0.1, 3.0):
        tuning = decoder.tune(changes_for(decoder, size=size))
        beside = read(decoder, sequence, condition, [None, tuning], guided)[:rows]
        assert torch.equal(beside, alone)
    assert torch.equal(read(decoder, sequence, condition, [None], guided)[:rows], alone)


@torch.no_grad()
@EITHER_CHANGE
def test_a_clip_is_the_same_bits_wherever_it_stands_in_a_block(
    small: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linear, "SMALL", small)
    decoder = Decoder(spec_of(), tiny_reference().state_dict())
    sequence, condition = tokens(4, STEPS), Condition(random(S, 32))
    tuning = decoder.tune(changes_for(decoder))
    first = read(decoder, sequence, condition, [tuning, None], guided=True)
    second = read(decoder, sequence, condition, [None, tuning], guided=True)
    assert torch.equal(first[:2], second[2:])
    assert torch.equal(first[2:], second[:2])


@pytest.mark.parametrize("only", ["q_proj", "v_proj", "encoder_attn", "fc1", "lm_heads.2"])
@torch.no_grad()
def test_modules_may_be_changed_one_by_one(only: str) -> None:
    model = tiny_reference()
    decoder = Decoder(spec_of(), model.state_dict())
    changes = changes_for(decoder, only=lambda module: only in module)
    sequence, text = tokens(4, STEPS), random(S, 32)
    logits = read(decoder, sequence, Condition(text), [decoder.tune(changes)], guided=False)
    for module, change in changes.items():
        model.get_submodule(module).weight += change.scale * change.B @ change.A
    assert (logits[0] - model(sequence, encoder_hidden_states=text[None]).logits).abs().max() < 1e-4


def test_a_fused_change_is_the_matrix_drawn() -> None:
    q, v = LowRank(random(1, 4), random(2, 1), 3.0), LowRank(random(2, 4, seed=1), random(2, 2, seed=1), 0.5)
    fused = Projection({name: torch.zeros(2, 4) for name in "qkv"})
    change = fused.change({"q": q, "v": v})
    assert change is not None
    expected = torch.cat([3.0 * q.B @ q.A, torch.zeros(2, 4), 0.5 * v.B @ v.A])
    torch.testing.assert_close(change(torch.eye(4)), expected.T)
    assert fused.change({"other": q}) is None


@pytest.mark.parametrize("r", [2, 8, 24, 36])
@pytest.mark.parametrize(("into", "out"), [(1024, 3072), (4096, 1024), (384, 1536), (1536, 384)])
def test_a_small_change_adds_the_same_bits_in_any_company_at_any_number_of_threads(
    into: int, out: int, r: int
) -> None:
    if not alone(into, r, out):
        pytest.skip("this processor's products depend on their number; packed ones are taken")
    change = SmallChange(random(into, r), random(r, out, seed=1))
    rows, base = random(70, into, seed=2), random(70, out, seed=3)
    before = torch.get_num_threads()
    sums = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            for size in (1, 2, 16, 70):
                sums.append(base.clone())
                for some, onto in zip(rows.split(size), sums[-1].split(size), strict=True):
                    change.add(onto, some)
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(each, sums[0]) for each in sums)
    torch.testing.assert_close(sums[0], base + rows @ change.A @ change.B, atol=1e-2, rtol=1e-4)
    torch.testing.assert_close(change(rows), rows @ change.A @ change.B, atol=1e-2, rtol=1e-4)


@pytest.mark.parametrize(
    ("rank", "steady", "kind"), [(8, True, SmallChange), (8, False, Change), (3000, True, Change)]
)
def test_factors_that_are_small_are_multiplied_row_by_row_where_a_row_keeps_its_bits(
    rank: int, steady: bool, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linear, "alone", lambda *sizes: steady)
    projection = Projection({"q": torch.zeros(40, 30)})
    assert isinstance(projection.change({"q": LowRank(random(rank, 30), random(40, rank), 1.0)}), kind)


def test_a_change_of_an_unknown_module_is_refused() -> None:
    decoder = Decoder(spec_of(), tiny_reference().state_dict())
    with pytest.raises(KeyError, match=r"model\.decoder\.layers\.9\.fc1"):
        decoder.tune({"model.decoder.layers.9.fc1": LowRank(random(1, 32), random(96, 1), 1.0)})


def test_the_tensors_are_those_of_transformers() -> None:
    expected = {name: tuple(tensor.shape) for name, tensor in tiny_reference().state_dict().items()}
    assert tensor_shapes(spec_of()) == expected
    decoder = Decoder(spec_of(), tiny_reference().state_dict())
    matrices = {
        n.removesuffix(".weight") for n, shape in expected.items() if len(shape) == 2 and "embed" not in n
    }
    assert decoder.linear_shapes.keys() == matrices


@pytest.mark.parametrize(
    ("into", "out"), [(384, 1152), (1536, 384), (384, 2048), (100, 36), (8, 384), (384, 8)]
)
@pytest.mark.parametrize("N", [1, 2, 4, 7, 4 * PREFILL_FRAMES])
def test_a_product_is_the_same_bits_at_any_number_of_threads(into: int, out: int, N: int) -> None:
    linear, rows = Linear(random(out, into)), random(N, into, seed=1)
    expected = linear(rows)
    torch.testing.assert_close(expected, rows @ random(out, into).T, atol=1e-3, rtol=1e-4)
    for threads in (2, 3, 5, 8):
        torch.set_num_threads(threads)
        assert torch.equal(linear(rows), expected)


@pytest.mark.parametrize("product", ["fp32", "fp16", "int8"])
def test_among_as_many_rows_as_are_steady_a_row_is_the_same_bits(product: Product) -> None:
    linear, rows = Linear(random(96, 384), product), random(MOST_ROWS, 384, seed=1)
    few = torch.cat([linear(some) for some in torch.split(rows, ROWS)])
    sizes = steady([linear])
    assert sizes[-1] == ROWS and sizes == sorted(sizes, reverse=True)
    for size in sizes:
        assert torch.equal(linear(rows[:size]), few[:size])


NO_BF16 = pytest.mark.skipif(not multiplies_bf16(), reason="this processor has no instructions for bf16")


@pytest.mark.parametrize("product", ["fp32", "fp16", pytest.param("bf16", marks=NO_BF16), "int8"])
def test_a_product_is_the_same_bits_among_other_rows_and_threads(product: Product) -> None:
    linear, rows = Linear(random(96, 384), product), random(16, 384, seed=1)
    expected = linear(rows)
    error = (expected - rows @ random(96, 384).T).square().mean().sqrt()
    assert error < 0.02 * 384**0.5  # of the standard deviation of a sum of 384 such products
    assert torch.equal(linear(rows[4:8]), expected[4:8]) == (16 in steady([linear]))
    louder = torch.cat([rows[:4], 100 * rows[4:]])
    assert torch.equal(linear(louder)[:4], expected[:4])
    for threads in (2, 3):
        torch.set_num_threads(threads)
        assert torch.equal(linear(rows), expected)


@torch.no_grad()
@pytest.mark.parametrize(
    ("product", "far"), [("fp16", 0.01), pytest.param("bf16", 0.15, marks=NO_BF16), ("int8", 0.4)]
)
def test_other_precisions_are_near_fp32(product: Product, far: float) -> None:
    weights, sequence = tiny_reference().state_dict(), tokens(4, STEPS)
    condition = Condition(random(S, 32))
    exact = read(Decoder(spec_of(), weights), sequence, condition, [None], guided=True)[:2]
    rounded = read(Decoder(spec_of(), weights, product), sequence, condition, [None], guided=True)[:2]
    assert 0 < (rounded - exact).abs().max() < far


@torch.no_grad()
@EITHER_CHANGE
def test_changes_merged_into_a_second_copy_give_what_they_give_when_added(
    small: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linear, "SMALL", small)
    decoder = Decoder(spec_of(), tiny_reference().state_dict())
    sequence, condition = tokens(4, STEPS), Condition(random(S, 32))
    added, merged = (decoder.tune(changes_for(decoder), merged=way) for way in (False, True))
    assert merged.merged and not added.merged
    first, second = (read(decoder, sequence, condition, [None, t], guided=True) for t in (added, merged))
    assert torch.equal(first[:2], second[:2])
    torch.testing.assert_close(first, second, atol=1e-3, rtol=1e-3)


def test_memory_is_the_windows_and_rows_that_no_clip_takes_have_none() -> None:
    decoder = Decoder(spec_of(), tiny_reference().state_dict())
    block, _ = decoder.start([None], True, Condition(random(S, 32)), 20)
    assert block.rows == ROWS and block.live == 2
    assert {each.shape for each in block.keys + block.values} == {(2 * 4, 20, 8)}
