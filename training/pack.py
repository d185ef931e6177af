"""Train a whole pack: thirteen metrics, up and down, one after another or some of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from engine.adapters import CONFIG_FILE, WEIGHTS_FILE
from engine.catalog import weights_sha256
from engine.errors import CallProblem
from engine.files import replace_file
from engine.metrics import METRIC_IDS
from engine.packs import CARD_FILE, DIRECTIONS, MANIFEST_FILE, Card, Manifest, seal
from engine.parallel import in_processes, one_torch_thread
from engine.recipe import Direction
from training.dpo import Tell, train_adapter
from training.plan import Plan, model_here
from training.store import NoPairs

State = Literal["waiting", "training", "done", "no pairs"]


@dataclass(frozen=True)
class Slot:
    """One adapter of a pack; slot `number` of 26 is what a cluster's job of that number trains."""

    number: int
    metric: str
    direction: Direction


SLOTS: tuple[Slot, ...] = tuple(
    Slot(2 * m + d, metric, direction)
    for m, metric in enumerate(METRIC_IDS)
    for d, direction in enumerate(DIRECTIONS)
)


@dataclass(frozen=True)
class Progress:
    """Where a pack is: a slot's state; `card` is there when it is done."""

    slot: Slot
    state: State
    card: Card | None = None


def slots_of(metrics: Sequence[str], number: int | None) -> list[Slot]:
    """The slots of some metrics, all if none is named, or one by its number. Raises CallProblem."""
    if number is not None:
        if not 0 <= number < len(SLOTS):
            raise CallProblem(f"There is no adapter {number}.", f"Choose 0 to {len(SLOTS) - 1}.")
        return [SLOTS[number]]
    return [slot for slot in SLOTS if not metrics or slot.metric in metrics]


def card_in(pack: Path, slot: Slot) -> Card | None:
    """The card of an adapter that is complete, None if it is not."""
    folder = pack / slot.metric / slot.direction
    if not all((folder / name).is_file() for name in (CONFIG_FILE, WEIGHTS_FILE, CARD_FILE)):
        return None
    return Card.model_validate_json((folder / CARD_FILE).read_bytes())


def train_pack(
    plans: Mapping[Slot, Plan],
    runs: Path,
    pack: Path,
    name: str,
    version: str,
    tell: Callable[[Slot], Tell],
) -> Iterator[Progress]:
    """Train what is not done yet, each as its plan says; yields as slots change their state.

    A metric that has no pairs is passed over. The pack is sealed after each adapter.
    """
    write_manifest(next(iter(plans.values())), pack, name, version)
    for slot, plan in plans.items():
        done = card_in(pack, slot)
        if done:
            yield Progress(slot, "done", done)
            continue
        yield Progress(slot, "training")
        run = runs / f"{slot.metric}-{slot.direction}"
        try:
            found = train_adapter(plan, run, pack, tell(slot))
        except NoPairs:
            yield Progress(slot, "no pairs")
            continue
        seal(pack)
        yield Progress(slot, "done", found.card)
    if any(card_in(pack, slot) for slot in SLOTS):
        seal(pack)  # jobs that end at the same moment may have missed each other


def train_pack_in_processes(
    plans: Mapping[Slot, Plan], runs: Path, pack: Path, name: str, version: str, workers: int, tell: Tell
) -> Iterator[Progress]:
    """As `train_pack`, several metrics at a time on a thread each; yields as both adapters of one are done.

    For models so small that a second thread gains less than a second training.
    """
    metrics = dict.fromkeys(slot.metric for slot in plans)
    groups = [{slot: plan for slot, plan in plans.items() if slot.metric == metric} for metric in metrics]
    write_manifest(next(iter(plans.values())), pack, name, version)
    work = partial(_train_group, runs=runs, pack=pack, name=name, version=version)
    done = 0
    tell("training", done, len(plans), {})
    for found in in_processes(work, groups, workers, one_torch_thread):
        done += len(found)
        tell("training", done, len(plans), {})
        yield from found
    seal(pack)


def _train_group(
    plans: Mapping[Slot, Plan], runs: Path, pack: Path, name: str, version: str
) -> list[Progress]:
    def tell(what: str, done: int, total: int, figures: Mapping[str, float]) -> None:
        """Nobody hears it in this process."""

    states = train_pack(plans, runs, pack, name, version, lambda _: tell)
    return [progress for progress in states if progress.state != "training"]


def write_manifest(plan: Plan, pack: Path, name: str, version: str) -> None:
    """Write the pack's manifest if there is none yet. Raises Problem if the model is not there."""
    if (pack / MANIFEST_FILE).exists():
        return
    model, folder = model_here(plan.model)
    manifest = Manifest(name=name, version=version, base_model=model.id, base_sha256=weights_sha256(folder))
    replace_file(pack / MANIFEST_FILE, manifest.model_dump_json(indent=1, exclude_none=True).encode())


def figures(card: Card) -> Mapping[str, float | None]:
    """What a table of progress shows of a trained adapter."""
    best = next((point for point in card.curve if point.step == card.settings.get("best_step")), None)
    return {
        "pairs": card.pairs,
        "steps": best.step if best else None,
        "accuracy": card.held_out_accuracy,
        "margin": best.margin if best else None,
        "kl": best.kl if best else None,
    }
