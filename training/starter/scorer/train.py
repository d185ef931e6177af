"""Train the towers: windows and their captions in one space, on features that were worked out before.

A caption fits every window that has the qualities it names and, if it says what sounds, the same genre and
instruments. So a batch has several right pairs in a row and column, and the loss is the cross-entropy with an
equal share for each (Yang et al. 2022, "Unified Contrastive Learning in Image-Text-Label Space").
"""

import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from engine.files import replace_file
from engine.ledger import Ledger
from engine.scorer.features import pack, unpack
from engine.scorer.towers import CONFIG_FILE, WEIGHTS_FILE, Towers, TowersConfig, sentences
from training.qualities import Quality, bounds, qualities
from training.starter.corpus.caption import paper_caption
from training.starter.scorer.windows import Window
from training.starter.scorer.words import Caption, captions_of

_SENTENCES_AT_ONCE = 64


@dataclass(frozen=True)
class ScorerPlan:
    """How long and how to train; `noise` is added to the standardised features."""

    steps: int
    rows: int = 256
    rate: float = 1e-3
    decay: float = 0.05
    dropout: float = 0.3
    noise: float = 0.2
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Examples:
    """Windows as tensors, and their captions. Row i of `has` holds the qualities of window i, by number."""

    features: Tensor
    sounds: Tensor  # which windows sound the same: a number for each genre and instruments
    has: Tensor  # bool [windows, qualities]
    captions: list[list[Caption]]
    sentences: dict[str, Tensor]
    numbers: dict[tuple[str, bool], int]


def read_sentences(texts: Sequence[str], run: Path) -> Iterator[tuple[int, int]]:
    """Let MiniLM read the texts it has not read yet; yields (done, total)."""
    ledger = _sentence_ledger(run)
    distinct = list(dict.fromkeys(texts))
    missing = [text for text in distinct if _key(text) not in ledger.known]
    done = len(distinct) - len(missing)
    yield done, len(distinct)
    for start in range(0, len(missing), _SENTENCES_AT_ONCE):
        some = missing[start : start + _SENTENCES_AT_ONCE]
        rows = sentences(some).numpy()
        ledger.add({_key(text): pack(row) for text, row in zip(some, rows, strict=True)})
        done += len(some)
        yield done, len(distinct)


def captions_for(windows: Sequence[Window]) -> tuple[list[list[Caption]], list[frozenset[Quality]]]:
    """The captions and the qualities of each window; quartiles are those of the training songs."""
    limits = bounds([window.labels for window in windows if window.split == "train"])
    has = [qualities(window.labels, limits) for window in windows]
    rng = random.Random(0)
    return [captions_of(window, found, rng) for window, found in zip(windows, has, strict=True)], has


def examples_of(windows: Sequence[Window], run: Path) -> Examples:
    """The training windows as tensors. Their captions' sentences must have been read."""
    captions, has = captions_for(windows)
    mine = [n for n, window in enumerate(windows) if window.split == "train"]
    numbers = {q: n for n, q in enumerate(sorted(frozenset().union(*has)))}
    flags = torch.zeros(len(mine), len(numbers), dtype=torch.bool)
    for row, n in enumerate(mine):
        flags[row, [numbers[q] for q in has[n]]] = True
    known = _sentence_ledger(run).known
    texts = {c.text for n in mine for c in captions[n]}
    same: dict[str, int] = {}
    sounds = [same.setdefault(paper_caption(windows[n].description), len(same)) for n in mine]
    return Examples(
        torch.from_numpy(np.stack([windows[n].features for n in mine])),
        torch.tensor(sounds),
        flags,
        [captions[n] for n in mine],
        {text: torch.from_numpy(unpack(known[_key(text)])) for text in texts},
        numbers,
    )


def train(examples: Examples, plan: ScorerPlan) -> Iterator[tuple[int, float, Towers]]:
    """Yields (step, loss, towers) after each step; the towers are those that train."""
    torch.manual_seed(plan.seed)
    rng = random.Random(plan.seed)
    towers = Towers(TowersConfig(features=examples.features.shape[1]), plan.dropout)
    towers.mean.copy_(examples.features.mean(0))
    towers.spread.copy_(examples.features.std(0).clamp(min=1e-3))
    optimizer = torch.optim.AdamW(towers.parameters(), plan.rate, weight_decay=plan.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, plan.rate, total_steps=plan.steps)
    towers.train()
    for step in range(plan.steps):
        chosen = torch.randperm(len(examples.features))[: plan.rows]
        captions = [rng.choice(examples.captions[n]) for n in chosen.tolist()]
        features = examples.features[chosen]
        features = features + plan.noise * towers.spread * torch.randn_like(features)
        text = towers.embed_text(torch.stack([examples.sentences[c.text] for c in captions]))
        logits = towers.scale.clamp(max=4.6).exp() * towers.embed_audio(features) @ text.T
        loss = contrast(logits, fits(examples, chosen, captions))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        yield step + 1, loss.item(), towers


def fits(examples: Examples, chosen: Tensor, captions: Sequence[Caption]) -> Tensor:
    """Which window (row) has what which caption (column) says, bool [B, B]; all on the diagonal do.

    Windows a (jazz, happy), b (jazz, happy) and c (rock, happy), captions "jazz", "happy", "rock, happy":

        a   1  1  0
        b   1  1  0
        c   0  1  1
    """
    wanted = torch.zeros(len(captions), len(examples.numbers), dtype=torch.bool)
    for row, found in enumerate(captions):
        wanted[row, [examples.numbers[q] for q in found.qualities]] = True
    has = examples.has[chosen]
    lacking = (~has).float() @ wanted.float().T  # qualities a caption names that a window has not
    sounds = examples.sounds[chosen]
    described = torch.tensor([c.described for c in captions])
    return (lacking == 0) & ((sounds[:, None] == sounds[None, :]) | ~described[None, :])


def contrast(logits: Tensor, right: Tensor) -> Tensor:
    """The mean of both directions' cross-entropies of logits [B, B], shares equal among the right ones."""
    by_row = right / right.sum(1, keepdim=True)
    by_column = right / right.sum(0, keepdim=True)
    rows = -(by_row * F.log_softmax(logits, dim=1)).sum(1).mean()
    columns = -(by_column * F.log_softmax(logits, dim=0)).sum(0).mean()
    return (rows + columns) / 2


def write_towers(towers: Towers, folder: Path) -> int:
    """Write the towers in half precision; returns the bytes of their weights."""
    from safetensors.torch import save

    half = {name: value.detach().half().contiguous() for name, value in towers.state_dict().items()}
    content = save(half, metadata={"format": "pt"})
    replace_file(folder / WEIGHTS_FILE, content)
    replace_file(folder / CONFIG_FILE, (towers.config.model_dump_json(indent=1) + "\n").encode())
    return len(content)


def _sentence_ledger(run: Path) -> Ledger:
    return Ledger(run / "sentences")


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]
