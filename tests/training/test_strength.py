"""The scale of a LoRA at which it diverges from the base as far as asked."""

import pytest
import torch

from tests.engine import tiny
from tests.training.tiny_pairs import pairs
from training.batches import Example, clips_of, collate
from training.policy import LoraPlan, layout_of, load_decoder, with_lora
from training.scoring import divergence, predictions
from training.strength import scale_for


@pytest.fixture
def policy(tmp_path):
    made = with_lora(load_decoder(tiny.save_starter(tmp_path / "model")), LoraPlan(rank=2))
    generator = torch.Generator().manual_seed(0)
    for name, weight in made.named_parameters():
        if "lora_B" in name:
            weight.data.normal_(0, 0.05, generator=generator)
    return made


@pytest.mark.parametrize("times", [0.3, 4.0])
@torch.no_grad()
def test_the_scale_gives_the_divergence_that_was_asked_for(policy, times):
    layout = layout_of(policy.get_base_model())
    width = policy.get_base_model().config.hidden_size
    made = pairs(2, codebooks=len(layout.waits))
    clips = clips_of(
        collate(
            [Example(p.chosen.codes, p.rejected.codes, 0, torch.zeros(3, width), None) for p in made], layout
        )
    )

    def diverges() -> float:
        ours = predictions(policy, clips, layout)
        with policy.disable_adapter():
            base = predictions(policy, clips, layout)
        return float(divergence(ours, base, clips, layout).mean())

    before = diverges()
    scale = scale_for(policy, clips, layout, before * times)
    assert diverges() == pytest.approx(before), "the policy is left as it was"
    for module in policy.modules():
        if isinstance(getattr(module, "scaling", None), dict):
            module.scaling = {name: value * scale for name, value in module.scaling.items()}
    assert diverges() == pytest.approx(before * times, rel=0.06)
