"""Sampling that is the same everywhere: Gumbel-max with counter-based noise.

argmax over the top k of logits / temperature + g follows the softmax of those k if the g are
independent Gumbel(0, 1) (Gumbel 1954; Maddison et al., A* Sampling). The noise is a pure function
of seed, step and codebook. So it depends on no device and no batch, and the two clips of a take share it.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def gumbel(seed: int, step: int, codebooks: int, card: int) -> NDArray[np.float32]:
    """Gumbel(0, 1) noise [K, V] for one step. Row k is the same whatever the number of codebooks is.

    Philox 4x64 is keyed by the seed; its counter begins at (0, codebook, step, 0). The upper 52 bits
    n of each word give u = (n + 1/2) / 2**52, which is never 0 or 1; g = -log(-log(u)) is worked out
    in float64 and rounded to float32.
    """
    bits = np.random.Philox(counter=[0, 0, step, 0], key=[seed, 0])
    words = np.empty((codebooks, card), dtype=np.uint64)
    for k in range(codebooks):
        words[k] = bits.random_raw(card)
        bits.advance(2**64 - math.ceil(card / 4))  # to the next codebook's counter
    uniform = torch.from_numpy(((words >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52)
    noise = uniform.log_().neg_().log_().neg_()  # torch's logarithm takes 0.6 of the time of numpy's
    drawn: NDArray[np.float32] = noise.float().numpy()
    return drawn


def sample(logits: Tensor, noise: Tensor, temperature: float, top_k: int) -> Tensor:
    """Tokens [...] from logits [..., V] and Gumbel noise [..., V], both float32 on the CPU.

    `top_k` 1 takes the largest logit. The winner among all tokens mostly lies among the top k anyway, and
    counting larger logits is far cheaper than finding the top k: that is done only where it does not.
    """
    winner = (logits / temperature + noise).argmax(-1, keepdim=True)
    outside = (logits > logits.gather(-1, winner)).sum(-1) >= top_k
    if outside.any():
        best, index = logits[outside].topk(top_k, dim=-1)
        among = (best / temperature + noise[outside].gather(-1, index)).argmax(-1, keepdim=True)
        winner[outside] = index.gather(-1, among)
    return winner.squeeze(-1)


def noise_for(seeds: list[int], step: int, codebooks: int, card: int) -> Tensor:
    """The noise [B, K, V] of clips with these seeds; equal seeds get equal noise."""
    drawn = {seed: gumbel(seed, step, codebooks, card) for seed in dict.fromkeys(seeds)}
    return torch.from_numpy(np.stack([drawn[seed] for seed in seeds]))
