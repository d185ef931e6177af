from pathlib import Path

import pytest
import torch

from engine.linear import has_fbgemm
from engine.model import load_model
from tests.engine.tiny import save_starter
from tests.training.fixtures import DESCRIPTION
from training.starter.corpus.caption import paper_caption
from training.starter.lm.train import hub_decoder
from training.starter.report.clips import RealClip
from training.starter.report.features import hear
from training.starter.report.precision import predictions, roundings_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_starter(tmp_path_factory.mktemp("model"))


def clips(folder: Path, count: int, frames: int) -> list[RealClip]:
    """Clips of random codes; their captions have as many tokens in twos."""
    codec = load_model(folder).codec
    generator = torch.Generator().manual_seed(0)
    silence = torch.zeros(16_000)
    return [
        RealClip(
            DESCRIPTION.model_copy(update={"genre": ("jazz", "jazz and some more")[number // 2 % 2]}),
            torch.randint(codec.card, (codec.codebooks, frames), generator=generator),
            silence,
            hear(silence.numpy()),
        )
        for number in range(count)
    ]


@torch.inference_mode()
def test_predictions_are_those_of_transformers(folder: Path) -> None:
    model = load_model(folder, precision="fp32")
    some = clips(folder, 2, 9)
    codes = torch.stack([clip.codes for clip in some])
    states = torch.stack([model.read_prompt(paper_caption(clip.description)) for clip in some])
    K, T = codes.shape[1:]
    losses = torch.zeros(K)
    for k, target, logits in predictions(model.decoder, list(states), codes):
        losses[k] += torch.nn.functional.cross_entropy(logits, target) / T
    reference = hub_decoder(folder)
    pad = model.decoder.spec.pad
    sequence = torch.full((2, K, T + K), pad)
    for k in range(K):
        sequence[:, k, k + 1 : k + 1 + T] = codes[:, k]
    seen = reference(
        input_ids=sequence[..., :-1].reshape(2 * K, -1),
        encoder_hidden_states=states,
        encoder_attention_mask=torch.ones(states.shape[:2], dtype=torch.long),
    ).logits.view(2, K, T + K - 1, -1)
    expected = [
        torch.nn.functional.cross_entropy(seen[:, k, k : k + T].flatten(0, 1), codes[:, k].flatten())
        for k in range(K)
    ]
    torch.testing.assert_close(losses, torch.stack(expected), atol=1e-4, rtol=0)


@pytest.mark.skipif(not has_fbgemm(), reason="bytes are multiplied on x86 only")
def test_bytes_cost_more_than_halves_and_float32_costs_nothing(folder: Path) -> None:
    some = clips(folder, 5, 6)
    nothing, halves, on_bytes = roundings_of(folder, ("fp32", "fp16", "int8"), some).values()
    assert (nothing.loss_ratio, nothing.kl) == (1.0, 0.0)
    assert 0 <= halves.kl < on_bytes.kl < 0.1
    assert on_bytes.loss_ratio == pytest.approx(1, abs=0.05)
