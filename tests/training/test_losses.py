"""Losses and figures are TRL's own: `DPOTrainer._compute_loss` on the same batch is the oracle."""

from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from training.losses import LOSSES, Scores, reward_figures, total_loss

BETA = 0.3
SMOOTHING = 0.1


def batch(seed: int = 0, pairs: int = 5, tokens: int = 12) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Log-probabilities [2B, N] of tokens, 0 where the mask [2B, N] is 0, and references [2B]."""
    draw = torch.Generator().manual_seed(seed)
    lengths = torch.randint(4, tokens + 1, (2 * pairs, 1), generator=draw)
    mask = torch.arange(tokens) < lengths
    logps = -torch.rand(2 * pairs, tokens, generator=draw) * 3 * mask
    references = logps.sum(1) + torch.randn(2 * pairs, generator=draw) * 3
    return logps, mask, references


def scores(logps: torch.Tensor, mask: torch.Tensor, references: torch.Tensor) -> Scores:
    halves = (logps.sum(1).chunk(2), references.chunk(2), mask.sum(1).chunk(2))
    (chosen, rejected), (reference_chosen, reference_rejected), (n_chosen, n_rejected) = halves
    return Scores(chosen, rejected, reference_chosen, reference_rejected, n_chosen, n_rejected)


def trl(
    names: dict[str, float], logps: torch.Tensor, mask: torch.Tensor, references: torch.Tensor
) -> tuple[torch.Tensor, dict[str, float]]:
    """What TRL's trainer gives for these tokens: its method, on the few attributes that it reads."""
    from trl import DPOTrainer

    accelerator = SimpleNamespace(device=logps.device, gather=lambda x: x, gather_for_metrics=lambda x: x)
    trainer = SimpleNamespace(
        model=SimpleNamespace(training=True),
        accelerator=accelerator,
        aux_loss_enabled=False,
        ld_alpha=None,
        precompute_ref_logps=True,
        f_divergence_type="reverse_kl",
        loss_types=list(names),
        loss_weights=list(names.values()),
        beta=BETA,
        label_smoothing=SMOOTHING,
        use_weighting=False,
        _metrics={"train": defaultdict(list)},
        _total_train_tokens=0,
        _tp_size=1,
    )
    completion = torch.cat([mask.new_zeros(len(mask), 1), mask], 1).long()
    chosen, rejected = references.chunk(2)
    inputs: dict[str, Any] = {
        "input_ids": completion,
        "attention_mask": completion,
        "completion_mask": completion,
        "ref_chosen_logps": chosen,
        "ref_rejected_logps": rejected,
    }
    output = SimpleNamespace(
        log_probs=logps, entropy=logps, mean_logits=logps, is_top1=mask, logits=None, log_sum_sq_probs=logps
    )
    loss = DPOTrainer._compute_loss(trainer, lambda **_: output, inputs, False)
    return loss, {name: values[-1] for name, values in trainer._metrics["train"].items()}


@pytest.mark.parametrize("name", LOSSES)
def test_each_loss_is_trls(name: str) -> None:
    logps, *rest = batch()
    ours, theirs = logps.clone().requires_grad_(), logps.clone().requires_grad_()
    expected, _ = trl({name: 1.0}, theirs, *rest)
    found = total_loss({name: 1.0}, scores(ours, *rest), BETA, SMOOTHING)
    assert float(found.detach()) == pytest.approx(float(expected.detach()), rel=1e-6)
    found.backward()
    expected.backward()
    torch.testing.assert_close(ours.grad * rest[0], theirs.grad * rest[0])


def test_weighted_losses_and_figures_are_trls() -> None:
    both = {"sigmoid": 1.0, "sft": 0.2}
    expected, figures = trl(both, *batch(1))
    found = scores(*batch(1))
    assert float(total_loss(both, found, BETA, SMOOTHING)) == pytest.approx(float(expected), rel=1e-6)
    for name, values in reward_figures(found, BETA).items():
        assert float(values.mean()) == pytest.approx(figures[name], rel=1e-5), name
