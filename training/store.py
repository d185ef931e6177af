"""Preference pairs on disk: Parquet written and read through `datasets` (the format is in `engine.pairs`)."""

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import Problem
from engine.files import part_beside, replace_file
from engine.pairs import CLIPS, PAIRS, SCHEMA, SOUNDNESS, SUMMARY, Pair, Side, Split
from engine.recipe import Direction

SHARD = 4000  # clips in a file
_CACHE = ".arrow"


class NoPairs(Problem):
    """There are pairs, but none of this metric and split."""


@dataclass
class Written:
    """What `write_pairs` wrote: pairs by metric and split, clips, and what was left out by reason."""

    pairs: dict[str, dict[str, int]] = field(default_factory=dict)
    clips: int = 0
    left_out: dict[str, int] = field(default_factory=dict)

    def count(self, pair: Pair) -> None:
        """Note one pair."""
        splits = self.pairs.setdefault(pair.metric, {"train": 0, "test": 0})
        splits[pair.split] += 1


def write_pairs(
    folder: Path, pairs: Iterable[Pair], source: str, left_out: Counter[str] | None = None, **facts: Any
) -> Written:
    """Write `pairs` to `folder`, in place of what was there; `source` and `facts` go into its summary.

    `left_out` counts by reason what did not become a pair; it is read when all pairs are. Raises
    Problem if there are no pairs.
    """
    import datasets

    written = Written()
    reasons = Counter() if left_out is None else left_out
    part = part_beside(folder)
    part.mkdir(parents=True)
    rows: dict[str, list[Any]] = {name: [] for name in _PAIR_COLUMNS}
    clips: dict[str, Side] = {}
    known: set[str] = set()
    shards = 0
    try:
        with _quiet():
            for pair in pairs:
                if pair.chosen.id == pair.rejected.id:
                    reasons["clips with the same codes"] += 1
                    continue
                written.count(pair)
                for name, value in _row(pair).items():
                    rows[name].append(value)
                for side in (pair.chosen, pair.rejected):
                    if side.id not in known:
                        known.add(side.id)
                        clips[side.id] = side
                if len(clips) >= SHARD:
                    _write_clips(part / CLIPS / f"{shards:05d}.parquet", clips)
                    shards, clips = shards + 1, {}
            written.clips = len(known)
            written.left_out = {reason: count for reason, count in sorted(reasons.items()) if count}
            if not known:
                why = "; ".join(f"{count} × {reason}" for reason, count in written.left_out.items())
                raise Problem(f"No pair is left{': ' + why if why else ''}.", "Add data, or lower --margin.")
            if clips:
                _write_clips(part / CLIPS / f"{shards:05d}.parquet", clips)
            table = datasets.Dataset.from_dict(rows, features=datasets.Features(_pair_features()))
            (part / PAIRS).mkdir()
            table.to_parquet(part / PAIRS / "00000.parquet")
        summary = {"schema": SCHEMA, "source": source, **_plain(written), **facts}
        replace_file(part / SUMMARY, json.dumps(summary, indent=1).encode())
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return written


@dataclass(frozen=True, eq=False)
class _Folder:
    """The tables of one folder, memory-mapped; `places` finds a clip by its id."""

    rows: Any
    clips: Any
    places: Mapping[str, int]

    def pair(self, row: int, frames: int | None) -> Pair:
        found = self.rows[row]
        sides = {
            name: self._side(found[name], found[f"{name}_value"], frames) for name in ("chosen", "rejected")
        }
        return Pair(
            found["prompt"],
            found["metric"],
            found["split"],
            **sides,
            prompt_frames=found["prompt_frames"],
            direction=found.get("direction"),
        )

    def kinds(self) -> Iterator[tuple[str, Split, Direction | None]]:
        """The metric, split and direction of each pair."""
        directions = self.rows["direction"] if "direction" in self.rows.column_names else repeat(None)
        return zip(self.rows["metric"], self.rows["split"], directions, strict=False)

    def _side(self, clip: str, value: float, frames: int | None) -> Side:
        found = self.clips[self.places[clip]]
        return Side(np.asarray(found["codes"], dtype=np.int16)[:, :frames], value, found["source"])


@dataclass(frozen=True, eq=False)
class PairSet(Sequence[Pair]):
    """Pairs of one split, of one folder after another; codes are read when a pair is asked for.

    Of each clip only the first `frames` frames are given, all if None.
    """

    folders: tuple[_Folder, ...]
    rows: tuple[tuple[int, int], ...]  # folder and row of each pair
    frames: int | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        folder, row = self.rows[int(index)]
        return self.folders[folder].pair(row, self.frames)

    def prompts(self) -> list[str]:
        """The prompts, each once, sorted."""
        texts = [folder.rows["prompt"] for folder in self.folders]
        return sorted({texts[folder][row] for folder, row in self.rows})

    def spread(self, count: int | None) -> "PairSet":
        """`count` of these pairs, spread evenly over them; all if None."""
        if count is None or count >= len(self):
            return self
        return replace(self, rows=tuple(self.rows[n * len(self) // count] for n in range(count)))

    def beginnings(self, frames: int | None) -> "PairSet":
        """The same pairs, cut to their first `frames` frames; whole if None."""
        return replace(self, frames=frames)


def read_pairs(
    folders: Sequence[Path],
    metric: str,
    split: Split,
    direction: Direction | None = None,
    soundness: bool = False,
) -> PairSet:
    """The pairs of one metric and split, and those of SOUNDNESS beside them if `soundness`.

    With a direction, those for the other one are left out. Raises NoPairs if no folder has any of the metric,
    Problem if one is no data.
    """
    opened = tuple(_open(folder) for folder in folders)
    found = [
        (number, row, name)
        for number, folder in enumerate(opened)
        for row, (name, part, only) in enumerate(folder.kinds())
        if part == split
        and (name == metric or (soundness and name == SOUNDNESS))
        and (direction is None or only in (None, direction))
    ]
    rows = tuple((number, row) for number, row, _ in found)
    if not any(name == metric for *_, name in found):
        names = " and ".join(str(folder) for folder in folders)
        raise NoPairs(
            f"{names} has no {split} pairs for '{metric}'.", "Make them: tunedial train data --help"
        )
    return PairSet(opened, rows)


def _open(folder: Path) -> _Folder:
    import datasets

    files = {part: sorted(str(path) for path in (folder / part).glob("*.parquet")) for part in (CLIPS, PAIRS)}
    if not all(files.values()):
        raise Problem(f"{folder} holds no preference pairs.", "Make them first: tunedial train data --help")
    with _quiet():
        cache = str(folder / _CACHE)
        rows = datasets.Dataset.from_parquet(files[PAIRS], cache_dir=cache)
        clips = datasets.Dataset.from_parquet(files[CLIPS], cache_dir=cache)
    return _Folder(rows, clips, {name: i for i, name in enumerate(clips["id"])})


def read_summary(folder: Path) -> dict[str, Any]:
    """How the pairs in `folder` were made. Raises Problem if that is not there."""
    try:
        return dict(json.loads((folder / SUMMARY).read_bytes()))
    except (OSError, ValueError) as error:
        raise Problem(f"{folder / SUMMARY} cannot be read.", "Make the pairs again.") from error


_PAIR_COLUMNS = (
    "prompt",
    "metric",
    "split",
    "chosen",
    "rejected",
    "chosen_value",
    "rejected_value",
    "prompt_frames",
    "direction",
)


def _pair_features() -> dict[str, Any]:
    from datasets import Value

    numbers = {"chosen_value": "float64", "rejected_value": "float64", "prompt_frames": "int32"}
    return {name: Value(numbers.get(name, "string")) for name in _PAIR_COLUMNS}


def _row(pair: Pair) -> dict[str, Any]:
    return {
        "prompt": pair.prompt,
        "metric": pair.metric,
        "split": pair.split,
        "chosen": pair.chosen.id,
        "rejected": pair.rejected.id,
        "chosen_value": pair.chosen.value,
        "rejected_value": pair.rejected.value,
        "prompt_frames": pair.prompt_frames,
        "direction": pair.direction,
    }


def _write_clips(file: Path, clips: Mapping[str, Side]) -> None:
    from datasets import Dataset, Features, List, Value

    columns = {
        "id": list(clips),
        "codes": [side.codes for side in clips.values()],
        "source": [side.source for side in clips.values()],
    }
    features = Features(
        {"id": Value("string"), "codes": List(List(Value("int16"))), "source": Value("string")}
    )
    file.parent.mkdir(exist_ok=True)
    Dataset.from_dict(columns, features=features).to_parquet(file)


def _plain(written: Written) -> dict[str, Any]:
    return {"pairs": written.pairs, "clips": written.clips, "left_out": written.left_out}


@contextmanager
def _quiet() -> Iterator[None]:
    """`datasets` without its progress bars."""
    import datasets

    shown = datasets.is_progress_bar_enabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if shown:
            datasets.enable_progress_bars()
