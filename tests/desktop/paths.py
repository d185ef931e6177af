"""Where real audio for tests lies."""

from pathlib import Path

STARTER_CLIPS = sorted((Path(__file__).parents[2] / "docs" / "starter").glob("*.flac"))
