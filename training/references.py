"""Log-probabilities under the reference, worked out once for every clip and prompt.

The reference is the policy with its adapter switched off. It computes in the dtype that training
computes in: bfloat16 moves a clip's log-probability by more than a nat, and must move both alike.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import torch

from engine.ledger import Ledger
from engine.pairs import Pair
from training.batches import clip_key, padded_codes, padded_states
from training.scoring import Clips, Layout, code_logps


def missing_clips(pairs: Sequence[Pair], known: Any) -> list[tuple[str, int, bool]]:
    """What is not known yet: (key, index of a pair, is it the chosen clip?), each clip once."""
    wanted: dict[str, tuple[str, int, bool]] = {}
    for index in range(len(pairs)):
        pair = pairs[index]
        for chosen, side in ((True, pair.chosen), (False, pair.rejected)):
            key = clip_key(pair, side)
            if key not in known:
                wanted.setdefault(key, (key, index, chosen))
    return list(wanted.values())


@torch.no_grad()
def score_references(
    policy: Any,
    layout: Layout,
    pairs: Sequence[Pair],
    states: Any,
    references: Ledger,
    rows: int,
    dtype: torch.dtype,
    device: torch.device,
) -> Iterator[tuple[int, int]]:
    """Add to `references` what `pairs` still need, `rows` clips at a time; yields (done, total)."""
    missing = missing_clips(pairs, references.known)
    policy.eval()
    for start in range(0, len(missing), rows):
        part = missing[start : start + rows]
        of = [pairs[index] for _, index, _ in part]
        codes, frames = padded_codes(
            [
                (pair.chosen if chosen else pair.rejected).codes
                for pair, (_, _, chosen) in zip(of, part, strict=True)
            ],
            layout.pad,
        )
        text, mask = padded_states([states[pair.prompt] for pair in of])
        given = torch.tensor([pair.prompt_frames for pair in of])
        clips = Clips(*(tensor.to(device) for tensor in (codes, frames, given, text, mask)))
        autocast = torch.autocast(device.type, dtype, enabled=dtype != torch.float32)
        with policy.disable_adapter(), autocast:
            logps = code_logps(policy, clips, layout).double().sum((1, 2))
        references.add({key: float(value) for (key, _, _), value in zip(part, logps, strict=True)})
        yield min(start + rows, len(missing)), len(missing)
