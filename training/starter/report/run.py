"""The whole report: codec, language model, prompts, examples."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

from training.starter.corpus.build import build, renderings
from training.starter.corpus.caption import paper_caption
from training.starter.corpus.song import split_of
from training.starter.report.clips import (
    decoded_clips,
    generated_clips,
    heard_clips,
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
PROBE_SONGS = 400
PROBE_CLIPS = 600
ROUNDED_CLIPS = 16


def run_report(
    corpus: Path, model: Path, clips: int, workers: int, examples: Path | None, tell: Callable[[str], None]
) -> dict[str, object]:
    """The figures of the starter in `model` on held-out songs, as docs/starter.md explains them."""
    held_out = [seed for seed in range(SONGS) if split_of(seed) == "test"]
    probe_songs = [seed for seed in range(SONGS) if split_of(seed) == "train"][:PROBE_SONGS]
    tell("rendering the songs that are not there yet")
    for _ in build(corpus, held_out + probe_songs, workers):
        pass
    with ProcessPoolExecutor(workers) as pool:
        tell("listening to held-out clips")
        songs = renderings(corpus, "test")
        real = list(real_clips(pool, model, corpus, pick(songs, clips)))
        used = used_codes(pool, model, corpus, songs)
        tell("decoding them from their codes")
        decoded = list(decoded_clips(pool, model, [clip.codes for clip in real]))
        tell("listening to the probes' training clips")
        wanted = set(probe_songs)
        known = [r for r in renderings(corpus, "train") if r.seed in wanted]
        places = pick(known, PROBE_CLIPS)
        train_heard = list(heard_clips(pool, corpus, places))
        tell("generating from held-out captions")
        descriptions = [clip.description for clip in real]
        made = list(generated_clips(pool, model, descriptions))
    tell("scoring")
    train_of = [rendering.description for rendering, _ in places]
    real_heard, made_heard = [clip.heard for clip in real], [clip.heard for clip in made]
    of_real, of_made = family_accuracy(train_heard, train_of, [real_heard, made_heard], descriptions)
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
            "family_accuracy": {"real": of_real, "generated": of_made},
            "drums_auc": drums_auc(train_heard, train_of, made_heard, descriptions),
            "drums_auc_real": drums_auc(train_heard, train_of, real_heard, descriptions),
        },
    }
