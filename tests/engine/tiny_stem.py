"""The smallest stem codec that has everything."""

from engine.codecs.stem_network import StemCodecConfig

TINY = StemCodecConfig(
    beat_frames=(3, 4, 5),
    bar_beats=(3, 4),
    codebook_size=16,
    latent=8,
    bands=12,
    lines=24,
    encoder_width=16,
    encoder_blocks=1,
    decoder_width=16,
    decoder_blocks=2,
    output_width=16,
    output_blocks=1,
    splitter_width=16,
    splitter_blocks=1,
)
