"""A model's codec without the rest of the model."""

import hashlib
import json
from functools import cache
from pathlib import Path

from engine import codecs
from engine.catalog import CONFIG
from engine.checkpoint import open_checkpoint


@cache
def load_codec(folder: Path) -> codecs.Codec:
    """The codec of the model in `folder`; a process loads it once."""
    config = json.loads((folder / CONFIG).read_bytes())
    weights = dict(open_checkpoint(folder).below("audio_encoder."))
    return codecs.build(config["audio_encoder"], weights, config["decoder"].get("audio_channels", 1))


@cache
def codec_id(folder: Path) -> str:
    """Names a codec by the content of its config and weights: codes of one say nothing to another."""
    config = json.loads((folder / CONFIG).read_bytes())
    digest = hashlib.sha256(json.dumps(config["audio_encoder"], sort_keys=True).encode())
    digest.update(str(config["decoder"].get("audio_channels", 1)).encode())
    weights = open_checkpoint(folder).below("audio_encoder.")
    for name in sorted(weights):
        digest.update(name.encode())
        digest.update(weights[name].contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]
