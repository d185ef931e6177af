"""The thirteen metrics (Torrie et al., Music Generation with Direct Policy Optimization, Table 1)."""

import difflib
from dataclasses import dataclass
from typing import Literal

from engine.errors import CallProblem

Source = Literal["spotify", "youtube"]


@dataclass(frozen=True)
class Metric:
    """One property of music that a knob turns. Higher values mean more of what `label` names."""

    id: str
    label: str
    prompt: str  # the text CLAP compares a clip with
    source: Source


METRICS: tuple[Metric, ...] = (
    Metric("popularity", "Popularity", "popular song", "spotify"),
    Metric("acousticness", "Acousticness", "acoustic song", "spotify"),
    Metric("danceability", "Danceability", "danceable song", "spotify"),
    Metric("energy", "Energy", "energetic song", "spotify"),
    Metric("instrumentalness", "Instrumentalness", "instrumental song", "spotify"),
    Metric("liveness", "Liveness", "song with a live audience", "spotify"),
    Metric("speechiness", "Speechiness", "speechy song", "spotify"),
    Metric("valence", "Valence", "high valence song", "spotify"),
    Metric("tempo", "Tempo", "fast tempo song", "spotify"),
    Metric("interactions", "Interactions per 1000 views", "interactive song", "youtube"),
    Metric("like_ratio", "Like/dislike ratio", "likeable song", "youtube"),
    Metric("views", "View count", "viewable song", "youtube"),
    Metric("rating", "Rating", "highly rated song", "youtube"),
)

METRIC_IDS: tuple[str, ...] = tuple(metric.id for metric in METRICS)

# No knob: how well a clip fits its prompt. Pairs and adapters of it help knobs to keep the prompt.
ADHERENCE = "adherence"


def metric(name: str) -> Metric:
    """The metric whose id is `name`. Raises CallProblem with the closest id if there is none."""
    for candidate in METRICS:
        if candidate.id == name:
            return candidate
    close = difflib.get_close_matches(name.lower(), METRIC_IDS, n=1)
    hint = f"Did you mean '{close[0]}'?" if close else f"The metrics are: {', '.join(METRIC_IDS)}."
    raise CallProblem(f"There is no metric called '{name}'.", hint)
