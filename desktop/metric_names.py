"""The metrics' names in the user's language."""

from desktop.texts import mark, tr

NAMES = {
    "popularity": mark("Popularity"),
    "acousticness": mark("Acousticness"),
    "danceability": mark("Danceability"),
    "energy": mark("Energy"),
    "instrumentalness": mark("Instrumentalness"),
    "liveness": mark("Liveness"),
    "speechiness": mark("Speechiness"),
    "valence": mark("Valence"),
    "tempo": mark("Tempo"),
    "interactions": mark("Interactions per 1000 views"),
    "like_ratio": mark("Like/dislike ratio"),
    "views": mark("View count"),
    "rating": mark("Rating"),
}


def name_of(metric_id: str) -> str:
    """What the window calls a metric."""
    return tr(NAMES[metric_id])


def signed(value: float) -> str:
    """A knob's value in writing, with its sign."""
    return f"{value:+g}".replace("-", "−")
