"""What the clips of a take measure, kept beside them in measured.json, and held against what was asked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from desktop.state import Measured
from engine.files import replace_file
from engine.labels import VERSION
from engine.metrics import METRICS, Metric
from engine.take import is_take, take_files

MEASURED = "measured.json"
_MAX_BYTES = 100_000
_STILL = 0.01  # of a metric from 0 to 1; in tempo, of a beat per minute for each beat


class _Kept(BaseModel):
    """The file: what `engine.labels.measure_file` gave of each clip, and its `version`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    clips: dict[str, dict[str, float | str | None]] = Field(default_factory=dict)


@dataclass(frozen=True)
class Move:
    """One turned knob, and its metric before (base clip) and after (tuned clip)."""

    metric: Metric
    knob: float
    before: float
    after: float

    @property
    def asked(self) -> bool | None:
        """True if the metric went where the knob points, False if the other way, None if it stayed."""
        step = self.after - self.before
        if abs(step) < _STILL * (self.before if self.metric.id == "tempo" else 1):
            return None
        return (step > 0) == (self.knob > 0)


def read_measured(folder: Path) -> dict[Path, Measured]:
    """What is kept of the take in `folder`, by its clips' files; nothing if it was not measured this way."""
    try:
        with (folder / MEASURED).open("rb") as stream:
            kept = _Kept.model_validate_json(stream.read(_MAX_BYTES))
    except (OSError, ValidationError):
        return {}
    files = {file.name: file for file in (take_files(folder).base, take_files(folder).tuned)}
    if kept.version != VERSION:
        return {}
    return {files[name]: measured for name, measured in kept.clips.items() if name in files}


def keep_measured(path: Path, measured: Measured) -> None:
    """Keep what a clip measures, if it belongs to a take. Raises Problem if it cannot be written."""
    folder = path.parent
    if not is_take(folder):
        return
    known = {file.name: dict(values) for file, values in read_measured(folder).items()}
    kept = {"version": VERSION, "clips": {**known, path.name: dict(measured)}}
    replace_file(folder / MEASURED, json.dumps(kept, indent=1).encode())


def is_measured(folder: Path, measured: Mapping[Path, Measured]) -> bool:
    """True if both clips of the take in `folder` were measured, whatever could be told of them."""
    files = take_files(folder)
    return files.base in measured and files.tuned in measured


def moves(knobs: Mapping[str, float], folder: Path, measured: Mapping[Path, Measured]) -> list[Move]:
    """For each turned knob whose metric was measured, what it did, in the order of the metrics."""
    files = take_files(folder)
    base, tuned = measured.get(files.base, {}), measured.get(files.tuned, {})
    found = []
    for metric in METRICS:
        before, after = base.get(metric.id), tuned.get(metric.id)
        if knobs.get(metric.id) and isinstance(before, int | float) and isinstance(after, int | float):
            found.append(Move(metric, knobs[metric.id], before, after))
    return found
