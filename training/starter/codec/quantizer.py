"""Residual vector quantisation learned by moving averages (van den Oord et al. 2017, appendix A.1)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.codecs.stem_network import StemNetwork

_DECAY = 0.99
_DEAD = 0.03  # codes whose moving count falls below it are moved to a random latent
_KMEANS_ROUNDS = 8


class CodebookLearner(nn.Module):
    """Moves `network.codebooks` towards the latents that choose them."""

    counts: Tensor  # [K, V]
    sums: Tensor  # [K, V, D]
    started: Tensor  # [K]

    def __init__(self, network: StemNetwork) -> None:
        super().__init__()
        K, V, D = network.codebooks.shape
        self.register_buffer("counts", torch.zeros(K, V))
        self.register_buffer("sums", torch.zeros(K, V, D))
        self.register_buffer("started", torch.zeros(K, dtype=torch.bool))

    def forward(
        self, network: StemNetwork, latents: Tensor, stem: Tensor, revive: bool
    ) -> tuple[Tensor, Tensor]:
        """Quantise latents [R, T, D] of stems [R]: with straight-through gradients, and the commitment loss.

        The codebooks move at each call. `revive`: codes that nothing chooses jump to where latents are.
        """
        latents = latents.float()
        out = torch.zeros_like(latents)
        loss = torch.zeros(())
        for s in stem.unique().tolist():
            rows = (stem == s).nonzero()[:, 0]
            residual, chosen = latents[rows], torch.zeros_like(latents[rows])
            for k in range(*network.config.rows(s).indices(len(network.codebooks))):
                code = self._choose(network, k, residual.detach(), revive)
                loss = loss + F.mse_loss(residual, code) * len(rows) / len(stem)
                chosen, residual = chosen + code, residual - code
            out = out.index_copy(0, rows, chosen)
        return latents + (out - latents).detach(), loss

    @torch.no_grad()
    def _choose(self, network: StemNetwork, k: int, residual: Tensor, revive: bool) -> Tensor:
        flat = residual.reshape(-1, residual.shape[-1])
        book = network.codebooks[k]
        if not self.started[k]:
            book.copy_(_kmeans(flat, len(book)))
            self.counts[k].fill_(1)
            self.sums[k].copy_(book)
            self.started[k] = True
        nearest = torch.cdist(flat, book).argmin(1)
        chosen = book[nearest].view_as(residual)
        counts = torch.bincount(nearest, minlength=len(book)).float()
        self.counts[k].mul_(_DECAY).add_(counts, alpha=1 - _DECAY)
        self.sums[k].mul_(_DECAY).add_(torch.zeros_like(book).index_add_(0, nearest, flat), alpha=1 - _DECAY)
        dead = self.counts[k] < _DEAD
        if revive and dead.any():
            self.sums[k, dead] = flat[torch.randint(len(flat), (int(dead.sum()),))]
            self.counts[k, dead] = 1
        alive = self.counts[k] > 1e-3
        book[alive] = self.sums[k, alive] / self.counts[k, alive, None]
        return chosen


def _kmeans(points: Tensor, count: int) -> Tensor:
    centres = points[torch.randint(len(points), (count,))].clone()
    for _ in range(_KMEANS_ROUNDS):
        nearest = torch.cdist(points, centres).argmin(1)
        sizes = torch.bincount(nearest, minlength=count).float()
        means = torch.zeros_like(centres).index_add_(0, nearest, points) / sizes.clamp(min=1)[:, None]
        fresh = points[torch.randint(len(points), (count,))]
        centres = torch.where(sizes[:, None] > 0, means, fresh)
    return centres
