"""How strong an adapter is: what training found is a direction, and its length is set afterwards.

Training may end when an adapter has hardly moved the model, or when it has gone too far for the prompt to be
kept. KL(policy || reference) grows with the scale s of the LoRA, near 0 as s squared; so a few tries
find the scale at which it is what was asked for, and the knobs of a pack turn alike.
"""

import json
import math
from pathlib import Path
from typing import Any

import torch

from engine.adapters import CONFIG_FILE
from engine.catalog import weights_sha256
from engine.files import replace_file
from training.batches import Examples, clips_of, collate
from training.cache import text_states
from training.plan import Plan, model_here
from training.policy import layout_of, load_decoder, with_adapter
from training.scoring import Clips, Layout, divergence, predictions
from training.store import read_pairs

_PAIRS = 6  # held-out pairs that tell it
_AT_FIVE = 0.5  # what a mix makes of an adapter whose knob alone is turned to 5
_TRIES = 6
_NEAR = 1.05  # times the divergence that was asked for
_LEAST, _MOST = 1 / 8, 16.0


@torch.no_grad()
def scale_for(policy: Any, clips: Clips, layout: Layout, wanted: float) -> float:
    """By what to multiply the LoRA of `policy` to diverge from the base by `wanted` nats a code of `clips`.

    It lies between 1/8 and 16. The policy is left as it was.
    """
    with policy.disable_adapter():
        base = predictions(policy, clips, layout)
    parts = [module for module in policy.modules() if isinstance(getattr(module, "scaling", None), dict)]
    before = [dict(module.scaling) for module in parts]
    scale = 1.0
    try:
        for _ in range(_TRIES):
            found = float(divergence(predictions(policy, clips, layout), base, clips, layout).mean())
            if wanted / _NEAR <= found <= wanted * _NEAR:
                break
            scale = min(_MOST, max(_LEAST, scale * math.sqrt(wanted / max(found, 1e-9))))
            for module, own in zip(parts, before, strict=True):
                module.scaling = {name: value * scale for name, value in own.items()}
    finally:
        for module, own in zip(parts, before, strict=True):
            module.scaling = own
    return scale


def strengthen(folder: Path, plan: Plan) -> float:
    """Scale the adapter in `folder` to the strength of `plan`, if it has one, with the knob at 5.

    Returns by how much. Raises Problem if the model or the pairs of the plan are not there.
    """
    if plan.strength is None:
        return 1.0
    _, base = model_here(plan.model)
    pairs = read_pairs(plan.data, plan.metric, "test", plan.direction).spread(plan.held_out)
    examples = Examples(
        pairs.beginnings(plan.beginnings.get(plan.metric)),
        plan.direction,
        text_states(base, weights_sha256(base), pairs.prompts()),
        None,
    )
    policy = with_adapter(load_decoder(base), folder)
    layout = layout_of(policy)
    for module in policy.modules():
        if isinstance(getattr(module, "scaling", None), dict):
            module.scaling = {name: value * _AT_FIVE for name, value in module.scaling.items()}
    clips = clips_of(collate([examples[n] for n in range(min(_PAIRS, len(examples)))], layout))
    scale = scale_for(policy, clips, layout, plan.strength)
    config = json.loads((folder / CONFIG_FILE).read_bytes())
    config["lora_alpha"] *= scale
    replace_file(folder / CONFIG_FILE, json.dumps(config, indent=1, sort_keys=True).encode())
    return scale
