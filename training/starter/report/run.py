"""The whole report: codec, language model, prompts, examples."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

from engine.paths import resources
from engine.probe.families import load_probe
from training.starter.corpus.build import build, renderings
from training.starter.corpus.caption import paper_caption
from training.starter.corpus.song import split_of
from training.starter.report.clips import (
    decoded_clips,
    generated_clips,
    pick,
    real_clips,
    used_codes,
)
from training.starter.report.codec import codec_figures
from training.starter.report.examples import write_examples
from training.starter.report.lm import generation_figures, validation_loss
from training.starter.report.precision import rounded_products, roundings_of
from training.starter.report.probes import drums_auc, family_accuracy

SONGS = 1250  # the seeds of the corpus
ROUNDED_CLIPS = 16


def run_report(
    corpus: Path, model: Path, clips: int, workers: int, examples: Path | None, tell: Callable[[str], None]
) -> dict[str, object]:
    """The figures of the starter in `model` on held-out songs, as docs/starter.md explains them."""
    held_out = [seed for seed in range(SONGS) if split_of(seed) == "test"]
    tell("rendering the songs that are not there yet")
    for _ in build(corpus, held_out, workers):
        pass
    with ProcessPoolExecutor(workers) as pool:
        tell("listening to held-out clips")
        songs = renderings(corpus, "test")
        real = list(real_clips(pool, model, corpus, pick(songs, clips)))
        used = used_codes(pool, model, corpus, songs)
        tell("decoding them from their codes")
        decoded = list(decoded_clips(pool, model, [clip.codes for clip in real]))
        tell("generating from held-out captions")
        descriptions = [clip.description for clip in real]
        made = list(generated_clips(pool, model, descriptions))
    tell("scoring")
    real_heard, made_heard = [clip.heard for clip in real], [clip.heard for clip in made]
    probe = load_probe(resources() / "probe")
    if examples:
        write_examples(
            examples,
            [(paper_caption(d), clip.mix.numpy()) for d, clip in zip(descriptions, made, strict=True)],
        )
    return {
        "codec": codec_figures(real, [clip.mix for clip in decoded], [clip.heard for clip in decoded], used),
        "lm": {
            "val_loss": validation_loss(model, real),
            **generation_figures(real, made),
            "rounded": {
                product: asdict(rounding)
                for product, rounding in roundings_of(model, rounded_products(), real[:ROUNDED_CLIPS]).items()
            },
        },
        "prompt": {
            "family_accuracy": {
                "real": family_accuracy(probe, real_heard, descriptions),
                "generated": family_accuracy(probe, made_heard, descriptions),
            },
            "drums_auc": drums_auc(probe, made_heard, descriptions),
            "drums_auc_real": drums_auc(probe, real_heard, descriptions),
        },
    }
