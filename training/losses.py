"""Preference losses, as TRL has them: functions of the scores of B pairs, [B] each.

The names are those of TRL's `DPOConfig.loss_type`, and a test holds each to TRL's own number.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Scores:
    """Log-probabilities [B] of the chosen and the rejected clips, by the policy and by the reference, and
    how many codes each is the sum of."""

    chosen: Tensor
    rejected: Tensor
    reference_chosen: Tensor
    reference_rejected: Tensor
    chosen_count: Tensor
    rejected_count: Tensor

    @property
    def gains(self) -> tuple[Tensor, Tensor]:
        """By how much the policy likes the chosen and the rejected clips more than the reference does."""
        return self.chosen - self.reference_chosen, self.rejected - self.reference_rejected

    @property
    def delta(self) -> Tensor:
        """The gain of the chosen over that of the rejected."""
        up, down = self.gains
        return up - down

    @property
    def mean_delta(self) -> Tensor:
        """The same with gains for each code, so that clips of unequal length weigh alike."""
        up, down = self.gains
        return up / self.chosen_count.clamp(min=1) - down / self.rejected_count.clamp(min=1)


Loss = Callable[[Scores, float, float], Tensor]  # scores, beta, label smoothing -> [B]


def _sigmoid(scores: Scores, beta: float, smoothing: float) -> Tensor:
    """DPO (Rafailov et al. 2023, equation 7)."""
    return -F.logsigmoid(beta * scores.delta)


def _sigmoid_norm(scores: Scores, beta: float, smoothing: float) -> Tensor:
    """DPO on gains for each code."""
    return -F.logsigmoid(beta * scores.mean_delta)


def _hinge(scores: Scores, beta: float, smoothing: float) -> Tensor:
    """SLiC's (Zhao et al. 2023)."""
    return torch.relu(1 - beta * scores.delta)


def _ipo(scores: Scores, beta: float, smoothing: float) -> Tensor:
    """IPO (Azar et al. 2023, equation 17) on gains for each code; `beta` is its tau."""
    return (scores.mean_delta - 1 / (2 * beta)) ** 2


def _robust(scores: Scores, beta: float, smoothing: float) -> Tensor:
    """DPO where a share `smoothing` of the labels is wrong (Chowdhury et al. 2024)."""
    right, wrong = F.logsigmoid(beta * scores.delta), F.logsigmoid(-beta * scores.delta)
    return (smoothing * wrong - (1 - smoothing) * right) / (1 - 2 * smoothing)


def _apo_zero(scores: Scores, beta: float, smoothing: float) -> Tensor:
    """APO (D'Oosterlinck et al. 2024, equation 7): the chosen are to gain, not only to lose less."""
    up, down = scores.gains
    return 1 - torch.sigmoid(beta * up) + torch.sigmoid(beta * down)


def _nca_pair(scores: Scores, beta: float, smoothing: float) -> Tensor:
    """NCA (Chen et al. 2024): as InfoNCA, but it keeps the chosen from sinking."""
    up, down = (beta * gain for gain in scores.gains)
    return -F.logsigmoid(up) - 0.5 * F.logsigmoid(-up) - 0.5 * F.logsigmoid(-down)


def _sft(scores: Scores, beta: float, smoothing: float) -> Tensor:
    """The chosen clips' mean negative log-likelihood: beside a preference loss, it is RPO's extra term."""
    return (-scores.chosen.sum() / scores.chosen_count.sum()).expand_as(scores.chosen)


LOSSES: Mapping[str, Loss] = {
    "sigmoid": _sigmoid,
    "sigmoid_norm": _sigmoid_norm,
    "hinge": _hinge,
    "ipo": _ipo,
    "robust": _robust,
    "apo_zero": _apo_zero,
    "nca_pair": _nca_pair,
    "sft": _sft,
}


def total_loss(weights: Mapping[str, float], scores: Scores, beta: float, smoothing: float) -> Tensor:
    """The weighted sum of losses by name, over the pairs' mean."""
    parts = [weight * LOSSES[name](scores, beta, smoothing).mean() for name, weight in weights.items()]
    return torch.stack(parts).sum()


def reward_figures(scores: Scores, beta: float) -> dict[str, Tensor]:
    """What a preference trainer shows, by TRL's names, [B] each."""
    up, down = (beta * gain.detach() for gain in scores.gains)
    return {
        "rewards/chosen": up,
        "rewards/rejected": down,
        "rewards/accuracies": (up > down).float(),
        "rewards/margins": up - down,
        "logps/chosen": scores.chosen.detach(),
        "logps/rejected": scores.rejected.detach(),
    }
