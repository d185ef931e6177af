"""A small random CLAP in the layout of laion/clap-htsat-unfused, at 4.8 kHz."""

from pathlib import Path

import torch
from transformers import ClapConfig, ClapFeatureExtractor, ClapModel

from tests.engine.tiny import tokenizer

RATE = 4800


def save_clap(folder: Path) -> Path:
    torch.manual_seed(0)
    config = ClapConfig(
        text_config={
            "vocab_size": 32,
            "hidden_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "intermediate_size": 16,
            "max_position_embeddings": 40,
            "projection_dim": 8,
        },
        audio_config={
            "window_size": 8,
            "num_mel_bins": 16,
            "spec_size": 64,
            "patch_size": 4,
            "patch_stride": [4, 4],
            "num_classes": 3,
            "hidden_size": 32,
            "projection_dim": 8,
            "depths": [1, 1],
            "num_attention_heads": [2, 2],
            "patch_embeds_hidden_size": 16,
            "num_hidden_layers": 2,
            "freq_ratio": 2,
        },
        projection_dim=8,
    )
    model = ClapModel(config).eval()
    for parameter in model.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, 0, parameter.shape[-1] ** -0.5)
    model.save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    ClapFeatureExtractor(
        feature_size=16,
        sampling_rate=RATE,
        hop_length=480,
        fft_window_size=1024,
        frequency_min=50,
        frequency_max=2400,
        truncation="rand_trunc",
        padding="repeatpad",
    ).save_pretrained(folder)
    return folder
