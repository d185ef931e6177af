"""Attention that copies, set by hand before training.

Music repeats, but a model as small as this one, trained for hours rather than weeks, does not find out by
itself how to look a bar back (docs/log.md). Two layers are needed (Olsson et al. 2022,
https://arxiv.org/abs/2209.11895): the first tells each position what stood before it, the second looks for a
position before which stood what stands here now. What stands at that position is what comes next:

    position     0  1  2  3  4  5  6  7
    stands       a  b  c  d  a  b
    before it    .  a  b  c  d  a
    looks for                      b     what stands at 5 is found before 2: c comes next

Each stem has a head of its own in the second layer, which compares that stem and the metre only: drums go on
as they were a bar ago though the chord above them is another, or a wrong note was just played. (With heads
that compared whole frames, a clip lost its beat as soon as one stem left what it had played before.) Training
starts from there and is free to change all of it.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers import MusicgenForCausalLM

from training.starter.lm.books import levels

BACK = (1, 12, 13)  # how far back heads of the first layer look
_CLOCK = 32  # the highest frequencies of the positions, by which they look back
_SWAYING = 40  # directions in which the other positions differ most
_SHARPNESS = 5.0  # of looking back
_LIKENESS = 200.0  # of looking for, over the squared length of what is looked for


@torch.no_grad()
def set_copying(decoder: MusicgenForCausalLM, parts: tuple[int, ...], generator: torch.Generator) -> None:
    """Set the embeddings and the self-attention of the first two layers of `decoder` to copy.

    `parts` counts the codebooks of the metre and of each stem. The D directions of the stream of states are
    dealt out, so that nothing is taken for what it is not:

        clock      2 * _CLOCK    positions, fast
        swaying    _SWAYING      positions, slow
        written    3 heads       what stood 1, 12 and 13 positions before, part beside part
        content    the rest      tokens, part beside part

    Each head has d directions. Heads of the first layer beyond the three of BACK stay as they are. Those of
    the second look for two positions 12 apart: one head for each stem, the others for whole frames.
    """
    first, second = decoder.model.decoder.layers[:2]
    D, d = decoder.config.hidden_size, first.self_attn.head_dim
    space = _free_directions(decoder.model.decoder.embed_positions.weights, generator)  # [free, D]
    written = dict(zip(BACK, space[: len(BACK) * d].split(d), strict=True))
    content = space[len(BACK) * d :].split(_shares(len(space) - len(BACK) * d, parts))
    energies = _embed(decoder, parts, content, generator)
    told = torch.cat(
        [
            _orthogonal(n, len(part), generator) @ part
            for n, part in zip(_shares(d, parts), content, strict=True)
        ]
    )
    for head, back in enumerate(BACK):
        query, key = looking_back(D, d, back)
        _set(first.self_attn, head, _SHARPNESS**0.5 * query, _SHARPNESS**0.5 * key, told, written[back].T)
    metre, *stems = torch.arange(d).split(_shares(d, parts))
    for head in range(second.self_attn.num_heads):
        own = head < len(stems)
        compared = torch.cat([metre, stems[head]] if own else [metre, *stems])
        energy = energies[0] + (energies[1 + head] if own else sum(energies[1:]))
        query, key = torch.zeros(2, d, D)
        now, then = torch.arange(len(compared)), d - 1 - torch.arange(len(compared))
        query[now], key[now] = told[compared], written[1][compared]
        query[then] += written[12][compared]
        key[then] += written[13][compared]
        scale = (_LIKENESS / energy) ** 0.5
        heard = content[1 + head] if own else torch.cat(content)
        value = _orthogonal(d, len(heard), generator) @ heard
        _set(second.self_attn, head, scale * query, scale * key, value, _orthogonal(D, d, generator))


def _embed(
    decoder: MusicgenForCausalLM,
    parts: tuple[int, ...],
    content: Sequence[Tensor],
    generator: torch.Generator,
) -> list[float]:
    """Draw the tokens of each part in its `content` [directions, D]; returns how long they are, squared.

    All together are as long as the positions, D / 2. A part's later books are 2, 4, 8 times shorter, squared.
    """
    tables = iter(decoder.model.decoder.embed_tokens)
    whole = sum(2.0**-level for level in levels(parts))
    energies = []
    for count, part in zip(parts, content, strict=True):
        lengths = [decoder.config.hidden_size / 2 * 2.0**-level / whole for level in range(count)]
        for length, table in zip(lengths, tables, strict=False):
            codes = torch.empty(table.num_embeddings, len(part))
            codes.normal_(0, (length / len(part)) ** 0.5, generator=generator)
            table.weight.copy_(codes @ part)
        energies.append(sum(lengths))
    return energies


def _shares(total: int, parts: tuple[int, ...]) -> list[int]:
    """Divide `total` directions among the parts by the root of their codebooks; they add up to `total`."""
    roots = [count**0.5 for count in parts]
    ends = [round(total * sum(roots[: stem + 1]) / sum(roots)) for stem in range(len(parts))]
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]


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
