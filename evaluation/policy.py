"""How far a knob takes the model from itself: KL of the tuned from the base policy.

Along a clip that the tuned policy made, both policies say how probable each code is, given what came before
it. KL(tuned || base) of a step, summed over the codes of a clip, is an unbiased estimate of the KL of whole
clips; here it is the mean over codes, in nats: 0 is the base itself. The policies are those that clips are
sampled from, guidance and temperature included; the cut to the top k is left out, since with it the KL is
infinite. (MusicRL, Cideron et al. 2024, plots rewards against it.)
"""

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.adapters import read_adapter
from engine.catalog import CONFIG
from engine.checkpoint import open_checkpoint
from engine.delay import delayed, delays
from engine.errors import Problem
from engine.job import Sampling
from engine.ledger import Ledger
from engine.merge import combine, merge
from engine.mix import Mix
from engine.text import quiet_transformers
from evaluation.clips import Heard, Studio, Wanted, loaded_model, read_codes

VERSION = 1


def policy_divergences(studio: Studio, wanted: Sequence[Wanted]) -> Iterator[Heard | Mapping[Wanted, float]]:
    """KL(tuned || base), nats for each code, of clips that were made; yields how far it is, then all by clip.

    Raises Problem for a base whose policies this cannot compare.
    """
    ledger = Ledger(studio.folder / f"policy-{VERSION}")
    keys = {clip: studio.key(clip, studio.choices(clip.knobs)) for clip in wanted}
    for done, (clip, key) in enumerate(keys.items(), 1):
        if key not in ledger.known:
            codes = read_codes(studio, clip)
            if codes is None:
                raise Problem(f"The clip of '{clip.prompt}' is gone.", "Run the command again.")
            ledger.add({key: _divergence(studio, clip, torch.from_numpy(codes))})
        yield Heard(done, len(keys))
    yield {clip: float(ledger.known[key]) for clip, key in keys.items()}


def _divergence(studio: Studio, clip: Wanted, codes: Tensor) -> float:
    decoder, _ = causal_decoder(studio.model)
    states = loaded_model(studio.model).read_prompt(clip.prompt).float().cpu()
    changed = _changed(studio.model, clip.knobs, tuple(c.folder for c in studio.choices(clip.knobs)))
    sampling = studio.settings.sampling(loaded_model(studio.model).sampling)
    room = decoder.config.max_position_embeddings - decoder.config.num_codebooks - 1
    return clip_divergence(decoder, {}, changed, codes[:, :room], states, sampling)


@torch.inference_mode()
def clip_divergence(
    decoder: Any,
    base: Mapping[str, Tensor],
    tuned: Mapping[str, Tensor],
    codes: Tensor,
    states: Tensor,
    sampling: Sampling,
) -> float:
    """KL(tuned || base), the mean over codes [K, T], of a decoder with the weights `base` or `tuned` put in.

    `states` [S, D] is the prompt's text.
    """
    waits = delays(decoder.config.num_codebooks, decoder.config.audio_channels)
    pad = decoder.config.vocab_size
    sequence = delayed(codes, waits, pad)[:, :-1]
    counts = delayed(torch.ones_like(codes), waits, 0)[:, 1:].bool()
    logps = [
        (policy_logits(decoder, w, sequence, states, sampling.guidance) / sampling.temperature).log_softmax(
            -1
        )
        for w in (tuned, base)
    ]
    by_code = (logps[0].exp() * (logps[0] - logps[1])).sum(-1)
    return float(by_code[counts].double().mean())


def policy_logits(
    decoder: Any, weights: Mapping[str, Tensor], sequence: Tensor, states: Tensor, guidance: float
) -> Tensor:
    """Guided logits [K, C, V] after each column of a delayed sequence [K, C]."""
    K, C = sequence.shape
    rows = torch.stack([states, torch.zeros_like(states)]) if guidance != 1 else states[None]
    B, S, _ = rows.shape
    given = {
        "input_ids": sequence.repeat(B, 1),
        "encoder_hidden_states": rows,
        "encoder_attention_mask": torch.ones(B, S, dtype=torch.long),
        "use_cache": False,
    }
    logits = torch.func.functional_call(decoder, dict(weights), (), given).logits.float().view(B, K, C, -1)
    return logits[0] if guidance == 1 else logits[1] + (logits[0] - logits[1]) * guidance


@functools.cache
def causal_decoder(folder: Path) -> tuple[Any, Mapping[str, Tensor]]:
    """transformers' decoder, which reads a whole clip at once, and its weights by name."""
    from transformers import MusicgenDecoderConfig, MusicgenForCausalLM

    settings = json.loads((folder / CONFIG).read_bytes())
    if settings.get("model_type") != "musicgen":
        raise Problem(
            f"Policies of the type '{settings.get('model_type')}' cannot be compared.",
            "Choose a model that takes text only.",
        )
    values = {name: value for name, value in settings["decoder"].items() if name != "model_type"}
    weights = dict(open_checkpoint(folder).below("decoder."))
    with quiet_transformers():
        config = MusicgenDecoderConfig(**values)
        decoder = MusicgenForCausalLM.from_pretrained(None, config=config, state_dict=dict(weights))
    return decoder.eval().requires_grad_(False), weights


@functools.lru_cache(maxsize=2)
def _changed(model: Path, knobs: Any, folders: tuple[Path, ...]) -> Mapping[str, Tensor]:
    """The weights that the knobs change."""
    _, weights = causal_decoder(model)
    adapters = {
        metric: read_adapter(folder, weights) for (metric, _), folder in zip(knobs, folders, strict=True)
    }
    return merge(weights, combine(Mix(knobs=dict(knobs)), adapters))
