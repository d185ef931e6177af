from random import Random

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from engine.adapters import Adapter, LowRank
from engine.merge import combine, merge, mixed, stack
from engine.metrics import METRIC_IDS
from engine.mix import Mix, weights

OUT, INTO = 5, 4
SHAPES = {"q": (OUT, INTO), "k": (OUT, INTO), "fc1": (7, OUT)}
TOUCHED = {metric: ("q", "fc1") if i % 2 else ("q",) for i, metric in enumerate(METRIC_IDS)}

mixes = st.builds(
    Mix,
    knobs=st.dictionaries(st.sampled_from(METRIC_IDS), st.floats(-5, 5), max_size=13),
    base_weight=st.floats(0.1, 20),
)


def _base(dtype: torch.dtype = torch.float64) -> dict[str, Tensor]:
    random = torch.Generator().manual_seed(0)
    drawn = {f"{name}.weight": torch.randn(shape, generator=random) for name, shape in SHAPES.items()}
    return {name: weight.to(dtype) for name, weight in {**drawn, "norm.weight": torch.ones(INTO)}.items()}


def _adapter(seed: int, modules: tuple[str, ...], rank: int) -> Adapter:
    random = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=random, dtype=torch.float64)

    return Adapter(
        {
            name: LowRank(draw(rank, SHAPES[name][1]), draw(SHAPES[name][0], rank), 0.5 + seed)
            for name in modules
        }
    )


ADAPTERS = {m: _adapter(i, TOUCHED[m], rank=1 + i % 3) for i, m in enumerate(METRIC_IDS)}


def _whole_model(base: dict[str, Tensor], adapter: Adapter) -> dict[str, Tensor]:
    """The base with one adapter fully merged, as PEFT's merge_and_unload gives it."""
    model = {name: weight.clone() for name, weight in base.items()}
    for module, change in adapter.modules.items():
        model[f"{module}.weight"] += change.scale * (change.B @ change.A)
    return model


def _tuned(base: dict[str, Tensor], mix: Mix) -> dict[str, Tensor]:
    return {**base, **merge(base, combine(mix, ADAPTERS))}


@given(mix=mixes)
def test_a_mix_equals_averaging_whole_state_dicts(mix: Mix) -> None:
    base = _base()
    models = {"base": base, **{m: _whole_model(base, ADAPTERS[m]) for m in mix.knobs}}
    shares = weights(mix)
    tuned = _tuned(base, mix)
    for name in base:
        average = sum(share * models[model][name] for model, share in shares.items())
        torch.testing.assert_close(tuned[name], average, rtol=1e-12, atol=1e-12)


@given(mix=mixes, amount=st.floats(0, 4))
def test_amount_scales_the_change(mix: Mix, amount: float) -> None:
    base = _base()
    whole = _tuned(base, mix)
    scaled = _tuned(base, mix.model_copy(update={"amount": amount}))
    for name, weight in base.items():
        expected = weight + amount * (whole[name] - weight)
        torch.testing.assert_close(scaled[name], expected, rtol=1e-11, atol=1e-11)


@given(sequence=st.lists(mixes, max_size=5), dtype=st.sampled_from([torch.float32, torch.bfloat16]))
def test_the_base_is_the_same_bit_for_bit_after_any_sequence(sequence: list[Mix], dtype: torch.dtype) -> None:
    base = _base(dtype)
    places = {name: weight.data_ptr() for name, weight in base.items()}
    for mix in sequence:
        merge(base, combine(mix, ADAPTERS))
    assert {name: weight.data_ptr() for name, weight in base.items()} == places
    assert all(torch.equal(weight, _base(dtype)[name]) for name, weight in base.items())


@given(knobs=st.dictionaries(st.sampled_from(METRIC_IDS), st.just(0.0)))
def test_a_neutral_mix_changes_nothing(knobs: dict[str, float]) -> None:
    assert combine(Mix(knobs=knobs), {}) == {}
    assert combine(Mix(knobs={"energy": 3}, amount=0), {}) == {}


@given(mix=mixes, order=st.randoms())
def test_the_order_in_which_knobs_were_turned_does_not_matter(mix: Mix, order: Random) -> None:
    names = list(mix.knobs)
    order.shuffle(names)
    again = Mix(knobs={name: mix.knobs[name] for name in names}, base_weight=mix.base_weight)
    for name, weight in merge(_base(), combine(mix, ADAPTERS)).items():
        assert torch.equal(weight, merge(_base(), combine(again, ADAPTERS))[name])


def test_only_touched_modules_are_merged() -> None:
    assert set(merge(_base(), combine(Mix(knobs={METRIC_IDS[0]: 1}), ADAPTERS))) == {"q.weight"}
    both = Mix(knobs={METRIC_IDS[0]: 1, METRIC_IDS[1]: -1})
    assert set(merge(_base(), combine(both, ADAPTERS))) == {"q.weight", "fc1.weight"}


def test_the_ranks_lie_side_by_side() -> None:
    one = Adapter({"q": LowRank(torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0]]), 10.0)})
    two = Adapter({"q": LowRank(torch.tensor([[4.0, 5.0], [6.0, 7.0]]), torch.tensor([[8.0, 9.0]]), 1.0)})
    mix = Mix(knobs={"valence": -2, "energy": 3}, amount=2)  # shares 5/10, energy 3/10, valence 2/10
    change = combine(mix, {"energy": one, "valence": two})["q"]
    torch.testing.assert_close(change.A, torch.tensor([[1.0, 2.0], [4.0, 5.0], [6.0, 7.0]]))
    torch.testing.assert_close(change.B, torch.tensor([[18.0, 3.2, 3.6]]))
    assert change.scale == 1.0


def test_a_bfloat16_base_is_rounded_once() -> None:
    base = _base(torch.bfloat16)
    change = LowRank(torch.ones(1, INTO), torch.full((OUT, 1), 1e-3), 1.0)
    merged = merge(base, {"q": change})["q.weight"]
    assert merged.dtype == torch.bfloat16
    assert torch.equal(merged, (base["q.weight"].float() + 1e-3).bfloat16())


def test_a_kept_stack_gives_what_was_worked_out_anew_bit_for_bit() -> None:
    """However many knobs moved since; A, on which no knob acts, is the same tensor."""
    stacked = stack(ADAPTERS)
    for turn in (1.0, -4.5, 0.3):
        mix = Mix(knobs={metric: turn + i / 7 for i, metric in enumerate(METRIC_IDS)}, amount=1.3)
        kept, anew = mixed(mix, stacked), combine(mix, ADAPTERS)
        assert kept.keys() == anew.keys()
        for module, change in kept.items():
            assert torch.equal(change.A, anew[module].A) and torch.equal(change.B, anew[module].B)
            assert change.A is stacked[module].A


def test_bfloat16_factors_lose_no_more_of_a_change_than_bfloat16_weights_of_themselves() -> None:
    base = _base(torch.float32)
    mix = Mix(knobs={METRIC_IDS[0]: 2, METRIC_IDS[1]: -3})
    exact = merge(base, combine(mix, ADAPTERS))
    for name, weight in merge(base, combine(mix, ADAPTERS), torch.bfloat16).items():
        change = (exact[name] - base[name]).norm()
        assert (weight - exact[name]).norm() < 2**-8 * 1.5 * change
        assert weight.dtype == torch.float32
