"""Pictures every state of the window into docs/screenshots: `make screenshots`.

The clips are the starter's examples, so that the pictures are the same each time and need no model. Each
scale of the screen is a process of its own, since Qt reads it once.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from engine.audio import read_audio
from engine.cancel import CancelToken
from engine.errors import Problem
from engine.events import Audio, Done, Event, Failed, Loading, Progress, Started
from engine.job import Job
from engine.mix import weights
from engine.recipe import ModelRecord, Recipe
from engine.take import Take

TARGET = Path(__file__).with_name("screenshots")
EXAMPLES = sorted((Path(__file__).parent / "starter").glob("*.flac"))
RATE = 32000
SECONDS = 5  # of each example
STEPS = 20
SIZE = (1280, 800)
SCALES = ("1.25", "2")


@dataclass
class Examples:
    """A backend that plays the starter's examples; it waits at `stop_at` until that is None."""

    stop_at: int | None = None
    problem: Problem | None = None
    made: list[Job] = field(default_factory=list)

    def run_seeds(self, job: Job, seeds: Sequence[int], cancel: CancelToken) -> Iterator[tuple[int, Event]]:
        """Run a batch, one after another."""
        for place, seed in enumerate(seeds):
            yield from ((place, event) for event in self.run(job.model_copy(update={"seed": seed}), cancel))

    def run(self, job: Job, cancel: CancelToken) -> Iterator[Event]:
        """Stream two examples as the clips of a take."""
        base, tuned = (read_audio(EXAMPLES[(len(self.made) + i) % len(EXAMPLES)], RATE, 1) for i in (0, 3))
        self.made.append(job)
        samples = min(base.shape[1], tuned.shape[1])
        yield Loading("Loading the model starter")
        yield Started(STEPS, samples, RATE, 1)
        for step in range(1, STEPS + 1):
            while self.stop_at is not None and step > self.stop_at and not cancel.cancelled:
                time.sleep(0.005)
            if self.problem is not None:
                yield Failed(self.problem)
                return
            start, stop = samples * (step - 1) // STEPS, samples * step // STEPS
            yield Audio("base", start, base[:, start:stop])
            if not job.mix.neutral:
                yield Audio("tuned", start, tuned[:, start:stop])
            yield Progress(step, STEPS, (STEPS - step) * 0.25)
        base = np.ascontiguousarray(base[:, :samples])
        tuned = base if job.mix.neutral else np.ascontiguousarray(tuned[:, :samples])
        recipe = Recipe(
            job=job,
            model=ModelRecord(id="starter", source="bundled", license="GPL-3.0-or-later", sha256="0" * 64),
            weights=weights(job.mix),
            torch_version="2",
            device="cpu",
            sample_rate=RATE,
        )
        yield Done(Take(base, tuned, RATE, recipe))


def wait(milliseconds: int) -> None:
    """Let the window work. QTest.qWait would keep Python's lock from the threads it waits for."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def picture_all() -> None:
    """Every state at the screen's own scale."""
    from desktop.actions import generating, listening, mixing, presets, prompting
    from desktop.main import start
    from desktop.state import Span
    from engine.preset import list_presets

    application = QApplication([])
    backend = Examples()
    running = start(application, backend)
    app, window = running.app, running.window
    state = app.state

    def take(name: str) -> None:
        wait(300)
        window.grab().save(str(TARGET / f"{name}.png"))

    def until(met: Callable[[], object]) -> None:
        for _ in range(1000):
            if met():
                return
            wait(10)
        raise TimeoutError

    def kept() -> bool:
        pair = state.pair.value
        return pair is not None and pair.folder is not None

    window.resize(*SIZE)
    window.show()
    wait(700)
    take("first-start")
    prompting.set_seconds(app, SECONDS)
    for prompt, knobs in (
        ("late night jazz, double bass, brushes", {"energy": -2, "acousticness": 3}),
        ("techno, synth pad, drums", {"energy": 4, "danceability": 2.5}),
        ("folk, acoustic guitar, fiddle", {"valence": 2, "liveness": 1.5}),
    ):
        prompting.set_prompt(app, prompt)
        mixing.reset(app)
        for name, value in knobs.items():
            mixing.set_knob(app, name, value)
        state.pair.value = None
        generating.generate(app)
        until(kept)
        listening.judge(app, stars=4, base_stars=3)
    by_name = {file.path.stem: file for file in list_presets()}
    presets.load(app, by_name["Festival Main Stage"])
    state.notice.value = None
    prompting.set_prompt(app, "classic rock, electric guitar, piano, drums")
    backend.stop_at = 11
    generating.generate(app)
    until(lambda: state.queue.value[-1].step == 11)
    take("generating")
    backend.stop_at = None
    until(kept)
    listening.judge(app, stars=4, base_stars=3, liked=True)
    mixing.set_knob(app, "valence", -1.5)
    listening.select(app, Span(1.2, 2.9))
    listening.hear(app, "tuned")
    take("result")
    for tab in ("library", "models", "midi"):
        window.open_tab(tab)
        take(tab)
    generating.scout(app)
    until(lambda: not generating.running(app))
    window.open_tab("queue")
    take("scout")
    listening.begin_blind(app)
    take("blind")
    listening.end_blind(app, None)
    window.open_tab("presets")
    window.panels["presets"].search.setText("calm")  # type: ignore[attr-defined]
    window._save_as()
    take("presets")
    window.panels["presets"].form.hide()  # type: ignore[attr-defined]
    window.panels["presets"].search.clear()  # type: ignore[attr-defined]
    backend.problem = Problem(
        "There is not enough memory for this job.",
        "Close other programs, make the clip shorter, or choose a smaller model.",
    )
    backend.problem.__cause__ = MemoryError("tried to allocate 3.2 GB")
    generating.generate(app)
    until(lambda: state.notice.value is not None)
    window.status.unfold.click()
    take("error")
    state.notice.value = None
    window.actions_by_name["keys"].trigger()
    take("keys")
    window.overlay.leave()
    window.actions_by_name["about"].trigger()
    take("about")
    window.overlay.leave()
    state.pair.value = state.queue.value[3].pair
    window.toggle_theme()
    take("light")
    window.toggle_theme()
    window.resize(1100, 700)
    take("smallest")
    _end(running)


def picture_scaled(scale: str) -> None:
    """One state at another scale of the screen."""
    from desktop.main import start

    application = QApplication([])
    running = start(application, Examples())
    running.window.resize(1100, 700)
    running.window.show()
    wait(1000)
    picture = running.window.grab()
    picture.save(str(TARGET / f"scale-{round(float(scale) * 100)}.png"))
    _end(running)


def _end(running: object) -> None:
    running.window.close()  # type: ignore[attr-defined]
    running.bridge.close()  # type: ignore[attr-defined]


def _shrink() -> None:
    """Fewer colours, so that all of them together stay small."""
    from PIL import Image

    for file in TARGET.glob("*.png"):
        with Image.open(file) as picture:
            small = picture.convert("RGB").quantize(192, dither=Image.Dither.NONE)
        small.save(file, optimize=True)


def main() -> None:
    """Picture all, each scale in a process of its own."""
    TARGET.mkdir(exist_ok=True)
    if len(sys.argv) > 1:
        picture_scaled(sys.argv[1]) if sys.argv[1] in SCALES else picture_all()
        return
    with tempfile.TemporaryDirectory() as home:
        common = os.environ | {"QT_QPA_PLATFORM": "offscreen", "TUNEDIAL_HOME": home}
        subprocess.run([sys.executable, "-m", "docs.screenshots", "all"], env=common, check=True)
        for scale in SCALES:
            env = common | {"QT_SCALE_FACTOR": scale}
            subprocess.run([sys.executable, "-m", "docs.screenshots", scale], env=env, check=True)
    _shrink()
    print(f"{sum(f.stat().st_size for f in TARGET.glob('*.png')) / 1e6:.2f} MB in {TARGET}")


if __name__ == "__main__":
    main()
