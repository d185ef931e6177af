"""One direction from a metric's two adapters: what both of them change alike is left out.

One learned to raise the metric, the other to lower it. Beside that both lean away from the base in ways that
have nothing to do with it (all likelihoods sink, some prompts are kept less), and these are the same in both:

    positive    s + c        half their difference     s       is the new positive,
    negative   -s + c                                 -s       the new negative

Both stay LoRAs of the rank they had: of all changes of that rank, the nearest to s. In the place of c comes
an adapter a that learned to follow the prompt, if there is one: s + a and -s + a keep what s and -s lose.
"""

import json
import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from engine.adapters import CONFIG_FILE, WEIGHTS_FILE, LowRank, read_adapter
from engine.files import part_beside, replace_file
from engine.metrics import ADHERENCE
from engine.packs import CARD_FILE, DIRECTIONS, MANIFEST_FILE, Card, Pack, load_pack, seal
from training.dpo import Tell
from training.pack import SLOTS, Progress, Slot, card_in
from training.plan import Plan, model_here
from training.policy import load_decoder
from training.strength import strengthen

_LOW_RANK = "base_model.model.{}.lora_{}.weight"


def half_difference(up: LowRank, down: LowRank) -> LowRank:
    """The change nearest to (up - down) / 2 of the rank that the larger of them has.

    The difference is (scale B of up, -scale B of down) times (A of up; A of down): with QR of both factors
    the singular values are those of a core of the sum of both ranks (Eckart and Young, 1936).
    """
    rank = max(len(up.A), len(down.A))
    wide = torch.cat([up.A.double(), down.A.double()])  # [r + r, in]
    tall = torch.cat([up.scale * up.B.double(), -down.scale * down.B.double()], dim=1) / 2  # [out, r + r]
    left, right = torch.linalg.qr(tall), torch.linalg.qr(wide.T)
    U, S, Vh = torch.linalg.svd(left.R @ right.R.T)
    root = S[:rank].sqrt()
    A, B = (Vh[:rank] * root[:, None]) @ right.Q.T, (left.Q @ U[:, :rank]) * root
    return LowRank(A.float(), B.float(), 1.0)


def added(first: LowRank, second: LowRank) -> LowRank:
    """The sum of two changes, whose rank is the sum of theirs.

    A = [A_1; A_2]  [r_1 + r_2, in]        B = [s_1 B_1, s_2 B_2]  [out, r_1 + r_2]
    """
    A = torch.cat([first.A.float(), second.A.float()])
    B = torch.cat([change.scale * change.B.float() for change in (first, second)], dim=1)
    return LowRank(A, B, 1.0)


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
    what they have; the others are scaled to the strength of their plan, if it is in `plans`. If `apart` has
    an adapter of ADHERENCE, it is added to every one. Raises Problem if `apart` is no pack, its base is not
    on this computer, or an adapter is of another.
    """
    trained = load_pack(apart)
    if not (pack / MANIFEST_FILE).exists():
        manifest = trained.manifest.model_copy(update={"name": name, "files": {}})
        replace_file(pack / MANIFEST_FILE, manifest.model_dump_json(indent=1, exclude_none=True).encode())
    adherence = apart / ADHERENCE / "positive"
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
            if adherence.is_dir():
                _add(adherence, weights, beside)
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
    halves = {module: replace(half_difference(up[module], down[module]), scale=sign) for module in up}
    _write(halves, of / slot.direction, folder, "half the difference of both directions")


def _add(other: Path, weights: Mapping[str, Tensor], folder: Path) -> None:
    """Add the adapter in `other` to the one in `folder`, which need not change the same modules."""
    own, more = (read_adapter(place, weights).modules for place in (folder, other))
    both = {
        module: added(own[module], more[module])
        if module in own and module in more
        else own.get(module) or more[module]
        for module in sorted(own.keys() | more.keys())
    }
    targets = {name for place in (folder, other) for name in _config(place)["target_modules"]}
    _write(both, folder, folder, "with adherence to the prompt", target_modules=sorted(targets))


def _config(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / CONFIG_FILE).read_bytes()))


def _write(modules: Mapping[str, LowRank], of: Path, folder: Path, method: str, **changed: Any) -> None:
    """Write `modules` to `folder`, with the config in `of`, some of it `changed`, and the card there, to
    whose method `method` is added."""
    tensors = {}
    for module, change in modules.items():
        tensors[_LOW_RANK.format(module, "A")] = change.A.half().contiguous()
        tensors[_LOW_RANK.format(module, "B")] = (change.scale * change.B).half().contiguous()
    ranks = {module: len(change.A) for module, change in modules.items()}
    rank = max(ranks.values())
    others = {module: own for module, own in ranks.items() if own != rank}
    plain = {"r": rank, "lora_alpha": rank, "rank_pattern": others, "alpha_pattern": others}
    config = _config(of) | plain | {"use_rslora": False} | changed
    card = Card.model_validate_json((of / CARD_FILE).read_bytes())
    settings = {name: value for name, value in card.settings.items() if name != "gain"}
    made = card.model_copy(update={"method": f"{card.method}; {method}", "settings": settings})
    replace_file(folder / WEIGHTS_FILE, save(tensors, metadata={"format": "pt"}))
    replace_file(folder / CONFIG_FILE, json.dumps(config, indent=1, sort_keys=True).encode())
    replace_file(folder / CARD_FILE, made.model_dump_json(indent=1, exclude_none=True).encode())
