"""What the starter scorer hears in a window of audio: features [F] that need no training.

    deep      the input of vibenet's seven heads
    level     mean of each of 128 mel bands over time, dB
    spread    their standard deviation over time, dB
    movement  their mean absolute change from one 20 ms frame to the next, dB
    pulse     autocorrelation of the onsets at lags of 0.2 to 2 s, -1 to 1

Audio is mono, 16 kHz, [N]. Features are rounded to float16, in which they are kept. Compare them only between
equal `VERSION`s.
"""

import base64
import functools
import warnings
from dataclasses import dataclass
from importlib.resources import as_file, files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.compiled import librosa

VERSION = 1
RATE = 16_000

_LAGS = range(10, 100)  # frames
# One more output for the network's graph, the values called "gelu" that its heads read. Protobuf joins
# messages that follow each other: this is ModelProto{graph: {output: [{name: "gelu"}]}}.
DEEP = "gelu"
_DEEP_OUTPUT = b"\x3a\x08\x62\x06\x0a\x04gelu"

Mono = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Heard:
    """`features` [F] of a window, and vibenet's seven values of it, 0 to 1."""

    features: NDArray[np.float32]
    vibes: dict[str, float]


def hear(window: Mono) -> Heard:
    """The features of one window, at least 2 s long; shorter ones are played until they are."""
    from vibenet import labels

    vibenet = network()
    if len(window) < 2 * RATE:
        window = np.resize(window, 2 * RATE)
    with warnings.catch_warnings(action="ignore"):  # its imports speak of ffmpeg and audioop, unused here
        from vibenet.core import InferenceResult, extract_mel

        mel = extract_mel(window, RATE)
    logits, deep = vibenet.run(["out", DEEP], {"x": mel[None]})
    values = InferenceResult.from_logits(logits[0]).to_dict()
    movement = np.abs(np.diff(mel, axis=1)).mean(axis=1)
    parts = (deep[0], mel.mean(axis=1), mel.std(axis=1), movement, _pulse(mel))
    features = np.concatenate([part.ravel() for part in parts]).astype(np.float16).astype(np.float32)
    return Heard(features, {label: float(values[label]) for label in labels})


def deep_size() -> int:
    """How many of the features, from the first, are vibenet's."""
    return int(network().get_outputs()[1].shape[-1] or 0)


def pack(array: NDArray[Any]) -> str:
    """An array as text: float16, base64. `unpack` gives it back as float32, flat."""
    return base64.b64encode(array.astype("<f2").tobytes()).decode()


def unpack(text: str) -> NDArray[np.float32]:
    """What `pack` made, as float32 [n]."""
    return np.frombuffer(base64.b64decode(text), dtype="<f2").astype(np.float32)


def _pulse(mel: NDArray[np.float32]) -> NDArray[np.float64]:
    onsets = np.maximum(np.diff(mel, axis=1), 0).mean(axis=0).astype(np.float64)
    onsets -= onsets.mean()
    power = float(onsets @ onsets)
    if power <= 0:
        return np.zeros(len(_LAGS))
    n = len(onsets)
    return np.array(
        [(onsets[lag:] @ onsets[: n - lag]) / power * n / (n - lag) if lag < n // 2 else 0.0 for lag in _LAGS]
    )


@functools.cache
def network() -> Any:
    """vibenet's network, in one thread: "x" [B, 128, T], made by `extract_mel`, gives "out" and DEEP."""
    librosa()  # which vibenet hears with
    import onnxruntime

    with as_file(files("vibenet.artifacts") / "efficientnet_model.onnx") as path:
        content = path.read_bytes() + _DEEP_OUTPUT
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
