"""Small results, as a report gives them."""

import numpy as np

from engine.metrics import METRIC_IDS
from evaluation.distributions import distribution
from evaluation.extractors import Extractor
from evaluation.melody import CHROMA
from evaluation.results import ChromaRow, Estimate, Player, PolicyRow, Results, ScorerRecord
from evaluation.spread import spread_row
from evaluation.tables import heat_map, metric_table, prompt_table

MODELS = ("base", "energy+", "tempo+", "energy-")
PROMPTS = ("rock, guitar", "jazz, piano", "slow, bass", "loud, drums", "rock, drums", "jazz, bass")


def vectors(kept: object) -> np.ndarray:
    return np.array([clip["features"] for clip in kept], dtype=float)  # type: ignore[attr-defined]


def shares(kept: object) -> np.ndarray:
    raised = np.exp(vectors(kept)[:, :3])
    return raised / raised.sum(axis=1, keepdims=True)


EXTRACTOR = Extractor("sample", "1", CHROMA, vectors, shares, True)


def results() -> Results:
    """Six prompts, four models, one silent clip."""
    rng = np.random.default_rng(0)
    scores = {model: rng.normal(20, 3, (6, 13)) for model in MODELS}
    scores["energy+"][2] = np.nan
    embeddings = {model: rng.normal(size=(1, 6, 8)) for model in MODELS}
    clips = {model: [{"features": list(row)} for row in rng.normal(size=(6, 5))] for model in MODELS}
    estimate = Estimate(mean=0.5, interval=(0.4, 0.6), n=6)
    return Results(
        created="2026-11-25T04:00:00+00:00",
        command="tunedial evaluate report --pack sample",
        versions={"tunedial": "1"},
        pack="sample",
        pack_version="1.0",
        base_model="starter",
        base_sha256="0" * 64,
        adapters={model: "1" * 64 for model in MODELS[1:]},
        scorer=ScorerRecord(name="starter", version="abc", starter=True),
        prompts=PROMPTS,
        seeds=(1,),
        settings={"seconds": 10.0, "guidance": 3.0, "temperature": 1.0, "top_k": 250},
        clips=24,
        silent=1,
        seconds=12.5,
        scored=metric_table(scores, dict.fromkeys(METRIC_IDS, "ears")),
        measured=metric_table(scores, dict.fromkeys(METRIC_IDS, "vibenet <energy>")),
        positive_prompts=prompt_table({m: s[:, 0] for m, s in scores.items()}, "positive"),
        negative_prompts=prompt_table({m: s[:, 0] for m, s in scores.items()}, "negative"),
        positive_heat=heat_map(scores, "positive"),
        negative_heat=heat_map(scores, "negative"),
        spread=tuple(spread_row(m, embeddings[m], embeddings["base"]) for m in MODELS),
        distributions=(distribution(EXTRACTOR, clips),),
        chroma=tuple(ChromaRow(model=m, similarity=estimate) for m in MODELS[1:]),
        policy=tuple(
            PolicyRow(metric="energy", value=v, kl=estimate, reward=estimate, reward_scorer=estimate)
            for v in (2.5, 5.0)
        ),
        players=(Player(prompt=PROMPTS[0], seed=1, model="base", file="audio/base.ogg"),),
    )
