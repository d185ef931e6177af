"""One direction from a metric's two adapters: what both of them change alike is left out.

One learned to raise the metric, the other to lower it. Beside that both lean away from the base in ways that
have nothing to do with it (all likelihoods sink, some prompts are kept less), and these are the same in both:

    positive    s + c        half their difference     s       is the new positive,
    negative   -s + c                                 -s       the new negative

Both stay LoRAs of the rank they had: of all changes of that rank, the nearest to s.
"""

import json
import shutil
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import torch
from safetensors.torch import save
from torch import Tensor

from engine.adapters import CONFIG_FILE, WEIGHTS_FILE, LowRank, read_adapter
from engine.files import part_beside, replace_file
from engine.packs import CARD_FILE, DIRECTIONS, MANIFEST_FILE, Card, Pack, load_pack, seal
from training.dpo import Tell
from training.pack import SLOTS, Progress, Slot, card_in
from training.plan import Plan, model_here
from training.policy import load_decoder
from training.strength import strengthen

_LOW_RANK = "base_model.model.{}.lora_{}.weight"


def half_difference(up: LowRank, down: LowRank, rank: int) -> tuple[Tensor, Tensor]:
    """A [rank, in] and B [out, rank] whose product is the nearest to (up - down) / 2 of that rank.

    The difference is (scale B of up, -scale B of down) times (A of up; A of down): with QR of both factors
    the singular values are those of a core of the sum of both ranks (Eckart and Young, 1936).
    """
    wide = torch.cat([up.A.double(), down.A.double()])  # [r + r, in]
    tall = torch.cat([up.scale * up.B.double(), -down.scale * down.B.double()], dim=1) / 2  # [out, r + r]
    left, right = torch.linalg.qr(tall), torch.linalg.qr(wide.T)
    U, S, Vh = torch.linalg.svd(left.R @ right.R.T)
    root = S[:rank].sqrt()
    return ((Vh[:rank] * root[:, None]) @ right.Q.T).float(), ((left.Q @ U[:, :rank]) * root).float()


def oppose_pack(
    apart: Path,
    pack: Path,
    name: str,
    tell: Tell,
    plans: Mapping[Slot, Plan] = MappingProxyType({}),
    alone: Collection[str] = (),
) -> Iterator[Progress]:
    """Make the pack `pack` of the adapters in the pack `apart`; yields as each is done.

    What is there already is kept. The metrics in `alone`, and those that have one adapter only, keep
    what they have; the others are scaled to the strength of their plan, if it is in `plans`. Raises
    Problem if `apart` is no pack, its base is not on this computer, or an adapter is of another.
    """
    trained = load_pack(apart)
    if not (pack / MANIFEST_FILE).exists():
        manifest = trained.manifest.model_copy(update={"name": name, "files": {}})
        replace_file(pack / MANIFEST_FILE, manifest.model_dump_json(indent=1, exclude_none=True).encode())
    weights = load_decoder(model_here(trained.manifest.base_model)[1]).state_dict()
    for slot in (slot for slot in SLOTS if (slot.metric, slot.direction) in trained.adapters):
        if card_in(pack, slot) is None:
            tell(f"opposing {slot.metric}", 0, 1, {})
            folder = pack / slot.metric / slot.direction
            beside = part_beside(folder)
            if slot.metric in alone or not _both(trained, slot.metric):
                shutil.copytree(apart / slot.metric / slot.direction, beside)
            else:
                _write_opposed(apart / slot.metric, slot, weights, beside)
                if slot in plans:
                    strengthen(beside, plans[slot])
            shutil.rmtree(folder, ignore_errors=True)
            beside.rename(folder)
            seal(pack)
        yield Progress(slot, "done", card_in(pack, slot))


def _both(pack: Pack, metric: str) -> bool:
    return all((metric, direction) in pack.adapters for direction in DIRECTIONS)


def _write_opposed(of: Path, slot: Slot, weights: Mapping[str, Tensor], folder: Path) -> None:
    """Write the adapter of `slot`, of both adapters in `of`, to `folder`."""
    up, down = (read_adapter(of / direction, weights).modules for direction in DIRECTIONS)
    sign = 1.0 if slot.direction == "positive" else -1.0
    tensors, rank = {}, max(len(change.A) for change in up.values())
    for module, change in up.items():
        A, B = half_difference(change, down[module], rank)
        tensors[_LOW_RANK.format(module, "A")] = A.half().contiguous()
        tensors[_LOW_RANK.format(module, "B")] = (sign * B).half().contiguous()
    replace_file(folder / WEIGHTS_FILE, save(tensors, metadata={"format": "pt"}))
    plain = {"r": rank, "lora_alpha": rank, "use_rslora": False, "rank_pattern": {}, "alpha_pattern": {}}
    config = json.loads((of / slot.direction / CONFIG_FILE).read_bytes()) | plain
    replace_file(folder / CONFIG_FILE, json.dumps(config, indent=1, sort_keys=True).encode())
    card = Card.model_validate_json((of / slot.direction / CARD_FILE).read_bytes())
    settings = {name: value for name, value in card.settings.items() if name != "gain"}
    method = f"{card.method}; half the difference of both directions"
    opposed = card.model_copy(update={"method": method, "settings": settings})
    replace_file(folder / CARD_FILE, opposed.model_dump_json(indent=1, exclude_none=True).encode())
