"""The page of a listening test: one HTML file with its sound inside, that works from a disk."""

import base64
import json
from html import escape
from pathlib import Path

from engine.audio import encode_audio
from evaluation.listening.make import Test

HERE = Path(__file__).parent


def listening_page(test: Test) -> str:
    """The page. It holds the clips as Ogg Vorbis, the prompts and the ids, and nothing of what is which."""
    key = test.key
    content = {
        "id": key.id,
        "title": key.title,
        "repeats": key.repeats,
        "trials": [
            {"id": trial.id, "prompt": trial.prompt, "clips": sorted(trial.clips)} for trial in key.trials
        ],
        "sounds": {
            name: base64.b64encode(encode_audio(audio, sample_rate, "ogg")).decode()
            for name, (audio, sample_rate) in sorted(test.clips.items())
        },
    }
    parts = {
        "TITLE": escape(key.title),
        "STYLE": _text("page.css"),
        "TEST": json.dumps(content).replace("</", "<\\/"),
        "LOGIC": _text("logic.js"),
        "PAGE": _text("page.js"),
    }
    page = _text("page.html")
    for name, text in parts.items():
        before, _, after = page.partition(f"@{name}@")
        page = before + text + after
    return page


def _text(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
