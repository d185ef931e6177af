"""Write the starter as a model folder in transformers' MusicGen layout, half precision."""

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import torch
from safetensors.torch import save

from engine.catalog import CONFIG, GENERATION_CONFIG, SAMPLING_NAMES
from engine.codecs.stem_network import StemNetwork
from engine.errors import Problem
from engine.files import replace_file
from engine.job import Sampling
from training.starter import checkpoint
from training.starter.codec.train import trained_network
from training.starter.lm.train import TEXT_PACKAGE, trained_decoder
from training.starter.model_folder import model_weights

SAMPLING = Sampling(guidance=1.0)  # what suited it best (docs/log.md)


def export(run: Path, target: Path, halfway: Path | None = None) -> int:
    """Write codec, splitter and language model of `run` to `target`; returns the bytes of the weights.

    With `halfway`, the language model lies half of the way between that of this model folder and the run's
    (Wortsman et al. 2022, https://arxiv.org/abs/2109.01903). Raises Problem if something is not there.
    """
    network, decoder = trained_network(run), trained_decoder(run)
    splitter = checkpoint.load(run / "splitter.pt")
    if splitter is None:
        raise Problem(
            f"There is no splitter in {run}.", "Train it first: python -m training.starter splitter"
        )
    network.load_state_dict(network.state_dict() | splitter)
    text_folder = files(TEXT_PACKAGE) / "model"
    text = json.loads((text_folder / "config.json").read_text())
    config = {
        "architectures": ["MusicgenForConditionalGeneration"],
        "model_type": "musicgen",
        "text_encoder": {**text, "_name_or_path": f"package:{TEXT_PACKAGE}/model"},
        "audio_encoder": codec_config(network),
        "decoder": decoder.config.to_dict(),
        "torch_dtype": "float16",
    }
    tensors = {f"audio_encoder.{name}": value for name, value in network.state_dict().items()}
    trained = {
        name: value
        for name, value in decoder.state_dict().items()
        if not name.endswith("embed_positions.weights")
    }
    before = model_weights(halfway, "decoder.") if halfway else trained
    tensors |= {f"decoder.{name}": (value + before[name]) / 2 for name, value in trained.items()}
    half = {name: value.to(torch.float16).contiguous() for name, value in tensors.items()}
    weights = target / "model.safetensors"
    replace_file(weights, save(half, metadata={"format": "pt"}))
    replace_file(target / CONFIG, _json(config))
    sampling = {theirs: getattr(SAMPLING, ours) for ours, theirs in SAMPLING_NAMES.items()}
    replace_file(target / GENERATION_CONFIG, _json({"do_sample": True, **sampling}))
    return weights.stat().st_size


def _json(content: Mapping[str, object]) -> bytes:
    return (json.dumps(content, indent=2, sort_keys=True) + "\n").encode()


def codec_config(network: StemNetwork) -> dict[str, object]:
    """The `audio_encoder` section of the starter's config."""
    return {
        "model_type": "tunedial_stem_codec",
        "frame_rate": 50,
        "audio_channels": 1,
        **network.config.model_dump(),
    }
