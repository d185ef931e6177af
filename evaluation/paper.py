"""The numbers of the paper (Torrie, Miner & Kitras, "Music Generation with Direct Policy Optimization").

They are CLAP scores of musicgen-small and its 26 models on the paper's own 115 prompts, in the paper's unit,
which it does not name; they stand beside ours to be looked at, not to be compared digit by digit.
"""

from collections.abc import Mapping

from evaluation.models import BASE, model_name

SOURCE = "Torrie, Miner & Kitras, Music Generation with Direct Policy Optimization"

# Table 3: base, normal, negative.
TABLE_3: Mapping[str, tuple[float, float, float]] = {
    "energy": (2.32, 2.12, 2.25),
    "interactions": (18.44, 17.85, 18.56),
    "liveness": (10.0, 10.3, 10.9),
    "acousticness": (4.62, 5.27, 4.52),
    "like_ratio": (6.51, 6.52, 5.46),
    "popularity": (1.46, 1.66, 1.52),
    "instrumentalness": (19.24, 23.41, 20.86),
    "rating": (2.12, 1.81, 1.84),
    "danceability": (1.07, 1.18, 0.96),
    "valence": (18.32, 16.51, 18.71),
    "tempo": (13.95, 14.77, 16.82),
    "views": (7.90, 7.11, 7.44),
    "speechiness": (2.61, 3.02, 3.31),
}

TABLE_4: Mapping[str, float] = {
    "speechiness": 0.45,
    "acousticness": 0.58,
    "energy": 0.65,
    BASE: 0.64,
    "valence": 0.63,
    "tempo": 0.61,
    "interactions": 0.68,
    "instrumentalness": 0.67,
    "rating": 0.73,
    "popularity": 0.72,
    "liveness": 0.74,
    "views": 0.75,
    "danceability": 0.81,
    "like_ratio": 0.93,
}

TABLE_5: Mapping[str, float] = {
    "tempo": 0.51,
    "liveness": 0.64,
    BASE: 0.64,
    "views": 0.65,
    "valence": 0.75,
    "like_ratio": 0.81,
    "acousticness": 0.70,
    "interactions": 0.94,
    "rating": 0.94,
    "danceability": 0.91,
    "instrumentalness": 0.95,
    "popularity": 0.98,
    "speechiness": 0.90,
    "energy": 1.04,
}


def ordered_in_paper() -> list[str]:
    """The metrics that have normal > base > negative in Table 3."""
    return [name for name, (base, normal, negative) in TABLE_3.items() if normal > base > negative]


def prompt_score_in_paper(model: str) -> float:
    """What Table 4 or 5 has for a model."""
    if model == BASE:
        return TABLE_4[BASE]
    metric = model[:-1]
    return TABLE_4[metric] if model == model_name(metric, "positive") else TABLE_5[metric]
