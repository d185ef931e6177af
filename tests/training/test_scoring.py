"""Log-probabilities against a step-by-step brute force, mono, stereo and in the starter's layout."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.delay import delayed
from engine.model import load_model
from tests.engine import tiny
from tests.training.tiny_pairs import pairs
from training import scoring
from training.batches import Example, clips_of, collate
from training.policy import LoraPlan, layout_of, load_decoder, with_lora
from training.scoring import Clips, Layout, code_logps, counted, divergence, predictions, token_logps


def brute_force(decoder: Any, layout: Layout, codes: np.ndarray, given: int, states: torch.Tensor) -> float:
    """The chain rule, one forward for every prefix; float64 sums."""
    K, T = codes.shape
    sequence = torch.full((K, 1), layout.pad)
    total = 0.0
    for step in range(T + max(layout.waits)):
        logits = decoder(input_ids=sequence, encoder_hidden_states=states[None], use_cache=False).logits
        column = torch.full((K, 1), layout.pad)
        for k, wait in enumerate(layout.waits):
            if 0 <= step - wait < T:
                column[k] = int(codes[k, step - wait])
                if step - wait >= given:
                    total += float(torch.log_softmax(logits[k, -1].double(), -1)[column[k, 0]])
        sequence = torch.cat([sequence, column], 1)
    return total


@pytest.fixture(params=["mono", "stereo", "starter"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "starter":
        return tiny.save_starter(tmp_path / "model")
    return tiny.save(getattr(tiny, request.param)(), tmp_path / "model")


@torch.no_grad()
def test_a_batch_scores_as_step_by_step(folder: Path) -> None:
    decoder = load_decoder(folder)
    layout = layout_of(decoder)
    made = pairs(3, codebooks=len(layout.waits))
    read = load_model(folder).read_prompt
    states = {pair.prompt: read(pair.prompt).clone() for pair in made}
    batch = collate(
        [Example(p.chosen.codes, p.rejected.codes, p.prompt_frames, states[p.prompt], None) for p in made],
        layout,
    )
    clips = clips_of(batch)
    plain = token_logps(predictions(decoder, clips, layout), clips, layout).sum((1, 2))
    found = code_logps(decoder, clips, layout).sum((1, 2))
    sides = [(pair, pair.chosen) for pair in made] + [(pair, pair.rejected) for pair in made]
    expected = [
        brute_force(decoder, layout, side.codes, pair.prompt_frames, states[pair.prompt])
        for pair, side in sides
    ]
    assert plain.tolist() == pytest.approx(expected, abs=2e-3, rel=2e-5)
    assert found.tolist() == pytest.approx(expected, abs=2e-3, rel=2e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("rows", [5, 1024])
def test_codes_scored_without_keeping_logits_have_the_same_gradients(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype, rows: int
) -> None:
    monkeypatch.setattr(scoring, "_ROWS", rows)
    policy = with_lora(load_decoder(tiny.save(tiny.mono(), tmp_path / "model")), LoraPlan(rank=2))
    layout = layout_of(policy.get_base_model())
    batch = collate(
        [Example(p.chosen.codes, p.rejected.codes, 0, torch.randn(3, 32), None) for p in pairs(3)], layout
    )
    clips, weights = clips_of(batch), torch.tensor([1.0, -2, 0.5, 3, 0.1, -1])
    results = []
    for score in (
        lambda: token_logps(predictions(policy, clips, layout), clips, layout),
        lambda: code_logps(policy, clips, layout),
    ):
        policy.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
            sums = score().sum((1, 2))
        (sums * weights).sum().backward()
        gradients = [p.grad.flatten() for p in policy.parameters() if p.grad is not None]
        results.append((sums.detach(), torch.cat(gradients)))
    (plain, plain_gradients), (found, gradients) = results
    allowed = 1e-5 if dtype == torch.float32 else 1e-2
    assert (found - plain).norm() <= allowed * plain.norm()
    assert (gradients - plain_gradients).norm() <= allowed * plain_gradients.norm()


def test_a_head_that_is_trained_too_is_scored_from_its_logits(tmp_path: Path) -> None:
    lora = LoraPlan(rank=2, frozen=0)
    policy = with_lora(load_decoder(tiny.save(tiny.mono(), tmp_path / "model")), lora)
    policy.get_base_model().lm_heads.requires_grad_(True)
    layout = layout_of(policy.get_base_model())
    pair = pairs(1)[0]
    batch = collate([Example(pair.chosen.codes, pair.rejected.codes, 0, torch.randn(3, 32), None)], layout)
    code_logps(policy, clips_of(batch), layout).sum().backward()
    assert policy.get_base_model().lm_heads[0].weight.grad.abs().max() > 0


def test_the_matrices_of_the_docstrings() -> None:
    """`training.scoring` and `training.batches` draw these."""
    codes = torch.tensor([[0, 1, 2], [10, 11, 12]])
    sequence = delayed(codes, [0, 1], pad=99)
    assert sequence[:, :-1].tolist() == [[99, 0, 1, 2], [99, 99, 10, 11]]
    assert sequence[:, 1:].tolist() == [[0, 1, 2, 99], [99, 10, 11, 12]]
    three = Clips(codes[None], torch.tensor([3]), torch.tensor([0]), torch.zeros(1, 1, 1), torch.ones(1, 1))
    assert counted(three, Layout((0, 1), 99))[0].int().tolist() == [[1, 1, 1, 0], [0, 1, 1, 1]]
    a, b, c, d = (np.full((1, T), code, np.int16) for code, T in ((1, 3), (2, 2), (3, 2), (4, 3)))
    x, y = torch.ones(3, 2), torch.ones(2, 2)
    batch = collate([Example(a, c, 0, x, (1.0, 3.0)), Example(b, d, 0, y, (2.0, 4.0))], Layout((0,), 99))
    assert batch["codes"][:, 0].tolist() == [[1, 1, 1], [2, 2, 99], [3, 3, 99], [4, 4, 4]]
    assert batch["frames"].tolist() == [3, 2, 2, 3]
    assert batch["mask"].tolist() == [[1, 1, 1], [1, 1, 0]]
    assert batch["references"].tolist() == [1.0, 2.0, 3.0, 4.0]


def test_what_does_not_count_is_neither_padding_nor_prompt() -> None:
    clips = Clips(
        codes=torch.zeros(2, 1, 4, dtype=torch.int64),
        frames=torch.tensor([4, 3]),
        given=torch.tensor([0, 2]),
        states=torch.zeros(2, 1, 1),
        mask=torch.ones(2, 1),
    )
    assert clips.scored[:, 0].int().tolist() == [[1, 1, 1, 1], [0, 0, 1, 0]]
    logits, layout = torch.zeros(2, 1, 4, 8), Layout((0,), 8)
    sums = token_logps(logits, clips, layout).sum((1, 2))
    assert sums.tolist() == pytest.approx([-4 * np.log(8), -np.log(8)])
    assert divergence(logits, logits, clips, layout).tolist() == [0.0, 0.0]
    peaked = logits.clone()
    peaked[..., 0] = 100.0
    assert divergence(peaked, logits, clips, layout).tolist() == pytest.approx([np.log(8)] * 2)


def test_training_mode_scores_alike(tmp_path: Path) -> None:
    """No dropout is left anywhere, though the model was saved with all of it."""
    model = tiny.mono(dropout=0.3, attention_dropout=0.3, activation_dropout=0.3, layerdrop=0.5)
    decoder = with_lora(load_decoder(tiny.save(model, tmp_path / "model")), LoraPlan(rank=2))
    layout = layout_of(decoder)
    made = pairs(2)
    batch = collate(
        [Example(p.chosen.codes, p.rejected.codes, 0, torch.randn(3, 32), None) for p in made], layout
    )
    with torch.no_grad():
        scores = [
            token_logps(
                predictions(decoder.train(training), clips_of(batch), layout), clips_of(batch), layout
            )
            for training in (True, False)
        ]
    assert torch.equal(*scores)
