"""MusicGen as transformers saves it, loaded for decoding: decoder, text encoder and codec.

    config.json                 model_type "musicgen" or "musicgen_melody"
    model.safetensors           or shards with model.safetensors.index.json
        decoder.*               as in MusicgenForCausalLM
        enc_to_dec_proj.*       if the text's states are not as wide as the decoder
        audio_enc_to_dec_proj.* of a melody model
        text_encoder.*          left out if config.json says that it lies in an installed package
        audio_encoder.*
    tokenizer.json ...          left out likewise

A text encoder in a package is named by its config's `_name_or_path`: "package:NAME/folder/in/it".
"""

import contextlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor
from transformers import MusicgenDecoderConfig, MusicgenMelodyDecoderConfig

from engine import codecs
from engine.catalog import CONFIG, sampling_of
from engine.checkpoint import Checkpoint, open_checkpoint
from engine.decoder import ACTIVATIONS, Condition, Decoder, DecoderSpec, tensor_shapes
from engine.delay import delays
from engine.errors import Problem
from engine.job import Precision, Product, Sampling
from engine.linear import DTYPES
from engine.melody import chroma, fitted, from_second, no_melody
from engine.precision import resolve
from engine.text import PACKAGE, TextEncoder, has_tokenizer, package_folder

MAX_WINDOW_SECONDS = 30  # what MusicGen was trained on
NULL_MELODY_FRAMES = 235  # MusicgenMelodyConfig's default chroma_length

_DECODER_CONFIGS: Mapping[str, type[Any]] = {
    "musicgen": MusicgenDecoderConfig,
    "musicgen_melody": MusicgenMelodyDecoderConfig,
}


@dataclass(frozen=True)
class MelodySpec:
    """How a melody model takes its melody: pitch classes, and the frames of them before the text."""

    num_chroma: int
    frames: int
    projection: Mapping[str, Tensor]  # weight [D, num_chroma] and bias [D]; empty if there is none


@dataclass(frozen=True, eq=False)
class Model:
    """A loaded model. `melody` is None unless it is a melody model."""

    folder: Path
    decoder: Decoder
    text: TextEncoder
    text_projection: Mapping[str, Tensor]  # weight [D, D_text] and bias [D]; empty if there is none
    codec: codecs.Codec
    melody: MelodySpec | None
    device: str
    sampling: Sampling  # what suits it, where the user has not chosen

    @property
    def precision(self) -> Product:
        """What the decoder is packed for."""
        return self.decoder.product

    @property
    def frame_rate(self) -> float:
        """Frames of codes a second."""
        return self.codec.sample_rate / self.codec.hop

    @property
    def waits(self) -> list[int]:
        """The delay of each codebook (see `engine.delay`)."""
        return delays(self.decoder.spec.codebooks, self.decoder.spec.channels)

    def window(self, condition: Condition) -> int:
        """The most frames that fit into the positions the model knows and the length it was trained on.

        At least two: beyond what it knows, positions go on.
        """
        before = 0 if condition.null is None else len(condition.null)
        room = self.decoder.spec.max_positions - max(self.waits) - 1 - before
        return max(2, min(room, round(MAX_WINDOW_SECONDS * self.frame_rate)))

    def read_prompt(self, prompt: str) -> Tensor:
        """The states [S, D] of a prompt, as the decoder takes them. Run it once for a job."""
        with one_thread(), torch.inference_mode():
            return _projected(self.text.encode(prompt), self.text_projection).to(self.decoder.like)

    def condition(
        self, states: Tensor, melody: NDArray[np.float32] | None = None, seconds: float = 0.0
    ) -> Condition:
        """What `read_prompt` gave, with the melody in mono audio [N] from `seconds` on, if any.

        A melody model has the melody before the text; for no melody, and for the null row, stands the
        melody of silence, and the null row's text is zeros.
        """
        if self.melody is None:
            return Condition(states)
        spec = self.melody
        nothing = no_melody(spec.frames, spec.num_chroma)
        with one_thread(), torch.inference_mode():
            if melody is None:
                heard = nothing
            else:
                turned = from_second(melody, self.codec.sample_rate, seconds)
                heard = fitted(chroma(turned, self.codec.sample_rate, spec.num_chroma), spec.frames)
            with_null = _projected(torch.stack([heard, nothing]).to(self.device), spec.projection).to(states)
        return Condition(
            torch.cat([with_null[0], states]), torch.cat([with_null[1], torch.zeros_like(states)])
        )

    def encode_audio(self, audio: NDArray[np.float32]) -> Tensor:
        """Audio [C, N] -> codes [K, ceil(N / hop)] on the CPU."""
        with one_thread(), torch.inference_mode():
            return self.codec.encode(torch.from_numpy(audio)[None].to(self.device))[0].cpu()


def load_model(folder: Path, device: str = "cpu", precision: Precision = "auto") -> Model:
    """The model in `folder`, its decoder packed in `precision` (see `engine.precision`), the rest float32.

    Raises Problem naming the file: no MusicGen, damaged, incomplete, or only pickled weights; CallProblem
    if the device has not this precision.
    """
    config = _read_config(folder)
    checkpoint = open_checkpoint(folder, device)
    spec = _decoder_spec(config, folder)
    shapes = tensor_shapes(spec)
    halves = checkpoint.below("decoder.").in_halves()
    product = resolve(precision, device, sum(map(math.prod, shapes.values())), halves)
    weights = checkpoint.below(
        "decoder.", DTYPES[product] if torch.device(device).type == "cuda" else torch.float32
    )
    weights.check(shapes)
    codec = codecs.build(config["audio_encoder"], dict(checkpoint.below("audio_encoder.")), spec.channels)
    if (codec.codebooks, codec.card) != (spec.codebooks, spec.card):
        raise Problem(
            f"{folder / CONFIG}: the codec has {codec.codebooks} codebooks of {codec.card} codes, but"
            f" the decoder {spec.codebooks} of {spec.card}.",
            "Fetch the model again.",
        )
    text, projection = _text_encoder(config, checkpoint, spec.hidden, folder, device)
    return Model(
        folder=folder,
        decoder=Decoder(spec, weights, product),
        text=text,
        text_projection=projection,
        codec=codec,
        melody=None if spec.cross_attention else _melody(config, checkpoint, spec.hidden),
        device=device,
        sampling=sampling_of(folder),
    )


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Work whose last bits would depend on the number of threads: what a whole clip hangs on, done once."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _read_config(folder: Path) -> dict[str, Any]:
    file = folder / CONFIG
    todo = "Choose a folder in the layout of transformers' MusicGen."
    try:
        config = json.loads(file.read_bytes())
    except OSError as error:
        raise Problem(f"{file} cannot be read: {error.strerror}.", todo) from error
    except (ValueError, RecursionError) as error:
        raise Problem(f"{file} is not JSON.", "Fetch the model again.") from error
    kind = config.get("model_type") if isinstance(config, dict) else None
    if kind not in _DECODER_CONFIGS:
        raise Problem(f"{folder} holds no MusicGen: {CONFIG} has model_type '{kind}'.", todo)
    for part in ("decoder", "text_encoder", "audio_encoder"):
        if not isinstance(config.get(part), dict):
            raise Problem(f"{file} lacks its '{part}'.", todo)
    return dict(config)


def _decoder_spec(config: Mapping[str, Any], folder: Path) -> DecoderSpec:
    file = folder / CONFIG
    settings = {name: value for name, value in config["decoder"].items() if name != "model_type"}
    try:
        typed = _DECODER_CONFIGS[config["model_type"]](**settings)
    except Exception as error:
        reason = " ".join(str(error).split())
        raise Problem(
            f"{file}: the decoder's settings are wrong: {reason}", "Fetch the model again."
        ) from error
    if typed.activation_function not in ACTIVATIONS:
        raise Problem(
            f"{file}: the activation function '{typed.activation_function}' is not supported.",
            f"Choose a model with one of: {', '.join(ACTIVATIONS)}.",
        )
    return DecoderSpec(
        hidden=typed.hidden_size,
        layers=typed.num_hidden_layers,
        heads=typed.num_attention_heads,
        ffn=typed.ffn_dim,
        codebooks=typed.num_codebooks,
        card=typed.vocab_size,
        channels=typed.audio_channels,
        max_positions=typed.max_position_embeddings,
        activation=typed.activation_function,
        cross_attention=config["model_type"] == "musicgen",
    )


def _text_encoder(
    config: Mapping[str, Any], checkpoint: Checkpoint, hidden: int, folder: Path, device: str
) -> tuple[TextEncoder, Mapping[str, Tensor]]:
    """The text encoder, from the model's own files or a package, and the projection of its states."""
    settings = config["text_encoder"]
    name = str(settings.get("_name_or_path", ""))
    elsewhere = package_folder(name) if name.startswith(PACKAGE) else None
    weights = checkpoint.below("text_encoder.")
    if not len(weights):
        if elsewhere is None:
            raise Problem(f"The weights in {folder} lack the text encoder.", "Fetch the model again.")
        weights = open_checkpoint(elsewhere, device)
    tokenizer = folder if has_tokenizer(folder) or elsewhere is None else elsewhere
    encoder = TextEncoder(settings, weights, tokenizer)
    return encoder, _projection(checkpoint, "enc_to_dec_proj.", encoder.width, hidden)


def _melody(config: Mapping[str, Any], checkpoint: Checkpoint, hidden: int) -> MelodySpec:
    classes = config.get("num_chroma", 12)
    frames = config.get("chroma_length", NULL_MELODY_FRAMES)
    return MelodySpec(classes, frames, _projection(checkpoint, "audio_enc_to_dec_proj.", classes, hidden))


def _projection(checkpoint: Checkpoint, name: str, width: int, hidden: int) -> Mapping[str, Tensor]:
    """The linear layer from `width` to `hidden`; transformers has none where they are equal."""
    if width == hidden:
        return {}
    part = checkpoint.below(name)
    part.check({"weight": (hidden, width), "bias": (hidden,)})
    return dict(part)


def _projected(states: Tensor, projection: Mapping[str, Tensor]) -> Tensor:
    return F.linear(states, projection["weight"], projection["bias"]) if projection else states
