"""Attention that copies, set by hand before training.

Music repeats, but a model as small as this one, trained for hours rather than weeks, does not find out by
itself how to look a bar back (docs/log.md). Two layers are needed (Olsson et al. 2022,
https://arxiv.org/abs/2209.11895): the first tells each position what stood before it, the second looks for a
position before which stood what stands here now. What stands at that position is what comes next:

    position     0  1  2  3  4  5  6  7
    stands       a  b  c  d  a  b
    before it    .  a  b  c  d  a
    looks for                      b     what stands at 5 is found before 2: c comes next

Training starts from there and is free to change all of it.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from transformers import MusicgenForCausalLM

BACK = (1, 12, 13)  # how far back heads of the first layer look
_CLOCK = 32  # the highest frequencies of the positions, by which they look back
_SWAYING = 40  # directions in which the other positions differ most
_SHARPNESS = 5.0  # of looking back
_LIKENESS = 3.0  # of looking for


@torch.no_grad()
def set_copying(decoder: MusicgenForCausalLM, generator: torch.Generator) -> None:
    """Set the embeddings and the self-attention of the first two layers of `decoder` to copy.

    The D directions of the stream of states are dealt out, so that nothing is taken for what it is not:

        clock      2 * _CLOCK    positions, fast
        swaying    _SWAYING      positions, slow
        written    3 heads       what stood 1, 12 and 13 positions before
        content    the rest      tokens

    Each head has d directions. Heads of the first layer beyond the three of BACK stay as they are; those of
    the second look for one position's likeness, or (all but two) for that of two positions 12 apart.
    """
    first, second = decoder.model.decoder.layers[:2]
    D, d = decoder.config.hidden_size, first.self_attn.head_dim
    space = _free_directions(decoder.model.decoder.embed_positions.weights, generator)  # [free, D]
    written = dict(zip(BACK, space[: len(BACK) * d].split(d), strict=True))
    content = space[len(BACK) * d :]
    tables = decoder.model.decoder.embed_tokens
    scale = (D / 2 / len(tables) / len(content)) ** 0.5  # so that their sum is as large as the positions
    for table in tables:
        codes = torch.empty(table.num_embeddings, len(content)).normal_(0, scale, generator=generator)
        table.weight.copy_(codes @ content)
    told = _orthogonal(d, len(content), generator) @ content
    for head, back in enumerate(BACK):
        query, key = looking_back(D, d, back)
        _set(first.self_attn, head, _SHARPNESS**0.5 * query, _SHARPNESS**0.5 * key, told, written[back].T)
    for head in range(second.self_attn.num_heads):
        query, key = told.clone(), written[1].clone()
        if head > 1:
            query += written[12].flip(0)
            key += written[13].flip(0)
        scale = (_LIKENESS / (2 if head > 1 else 1)) ** 0.5
        value = _orthogonal(d, len(content), generator) @ content
        _set(second.self_attn, head, scale * query, scale * key, value, _orthogonal(D, d, generator))


def copying_parameters(decoder: MusicgenForCausalLM) -> Iterator[nn.Parameter]:
    """The parameters of attention that `set_copying` sets."""
    for layer in decoder.model.decoder.layers[:2]:
        yield from layer.self_attn.parameters()


def looking_back(D: int, d: int, back: int) -> tuple[Tensor, Tensor]:
    """Query and key matrices [d, D] whose product is largest `back` positions ago.

    Positions are cosines, then sines, of w_i t (transformers' MusicgenSinusoidalPositionalEmbedding); for the
    highest frequencies w_i the query is turned back by w_i * back:

        q_t . k_s = sum_i cos(w_i (t - back - s))
    """
    half = D // 2
    row = torch.arange(_CLOCK)
    turn = back * torch.exp(-row * torch.log(torch.tensor(10_000.0)) / (half - 1))
    query, key = torch.zeros(d, D), torch.zeros(d, D)
    key[row, row] = 1
    key[_CLOCK + row, half + row] = 1
    query[row, row], query[row, half + row] = turn.cos(), turn.sin()
    query[_CLOCK + row, half + row], query[_CLOCK + row, row] = turn.cos(), -turn.sin()
    return query, key


def _free_directions(positions: Tensor, generator: torch.Generator) -> Tensor:
    """Orthogonal directions [free, D] in random order in which `positions` [n, D] hardly differ."""
    D = positions.shape[1]
    slow = torch.ones(D, dtype=torch.bool)
    slow[:_CLOCK] = slow[D // 2 : D // 2 + _CLOCK] = False
    axes = torch.linalg.svd(positions[:, slow]).Vh[_SWAYING:]
    free = torch.zeros(len(axes), D)
    free[:, slow] = axes
    return _orthogonal(len(free), len(free), generator) @ free


def _set(attention: Any, head: int, query: Tensor, key: Tensor, value: Tensor, out: Tensor) -> None:
    rows = slice(head * attention.head_dim, (head + 1) * attention.head_dim)
    attention.q_proj.weight[rows] = query
    attention.k_proj.weight[rows] = key
    attention.v_proj.weight[rows] = value
    attention.out_proj.weight[:, rows] = out


def _orthogonal(rows: int, columns: int, generator: torch.Generator) -> Tensor:
    made = torch.empty(rows, columns)
    nn.init.orthogonal_(made, generator=generator)
    return made
