"""Write the starter as a model folder in transformers' MusicGen layout, half precision."""

import json
from importlib.resources import files
from pathlib import Path

import torch
from safetensors.torch import save_file

from engine.codecs.stem import StemNetwork
from training.starter import checkpoint
from training.starter.codec.train import trained_network
from training.starter.lm.train import TEXT_PACKAGE, trained_decoder


def export(run: Path, target: Path) -> int:
    """Write codec, splitter and language model of `run` to `target`; returns the bytes of the weights.

    Without a trained splitter the starter makes music, but cannot take an audio prompt.
    """
    network, decoder = trained_network(run), trained_decoder(run)
    network.load_state_dict(network.state_dict() | (checkpoint.load(run / "splitter.pt") or {}))
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
    tensors |= {
        f"decoder.{name}": value
        for name, value in decoder.state_dict().items()
        if not name.endswith("embed_positions.weights")
    }
    target.mkdir(parents=True, exist_ok=True)
    (target / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    weights = target / "model.safetensors"
    half = {name: value.to(torch.float16).contiguous() for name, value in tensors.items()}
    save_file(half, weights, metadata={"format": "pt"})
    return weights.stat().st_size


def codec_config(network: StemNetwork) -> dict[str, object]:
    """The `audio_encoder` section of the starter's config."""
    return {
        "model_type": "tunedial_stem_codec",
        "frame_rate": 50,
        "audio_channels": 1,
        **network.config.model_dump(),
    }
