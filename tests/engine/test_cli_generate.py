"""`generate` and `replay`, from the words typed to the files on disk."""

import json
import os
import signal

import numpy as np
import pytest

from engine.cli import main
from engine.errors import Problem
from engine.job import AudioPrompt, GenerationSettings
from engine.mix import Mix
from engine.paths import takes_dir
from engine.preset import Preset, save_preset
from engine.take import read_recipe, read_take
from tests.engine.fake import SAMPLE_RATE, FakeBackend


@pytest.fixture
def backend(monkeypatch):
    fake = FakeBackend()
    for module in ("generate", "replay"):
        monkeypatch.setattr(f"engine.commands.{module}.open_backend", lambda name: fake)
    return fake


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def generate(out, *words: str) -> int:
    return main(["generate", "jazz, piano", "--seconds", "1", "--out", str(out), *words])


def test_generate_writes_a_take_and_tells_where(backend, out, capsys):
    assert generate(out, "--seed", "7") == 0
    said = capsys.readouterr().out
    for name in ("base.wav", "tuned.wav", "recipe.json"):
        assert (out / name).is_file()
        assert str(out / name) in said
    assert read_recipe(out).job == backend.jobs[0]


@pytest.mark.parametrize(("words", "same"), [((), True), (("--set", "energy=3"), False)])
def test_it_says_so_if_both_clips_are_the_same(words, same, backend, out, capsys):
    assert generate(out, *words) == 0
    assert ("both clips are the same" in capsys.readouterr().err) is same


def test_every_option_reaches_the_job(backend, out, tmp_path):
    audio = tmp_path / "riff.wav"
    audio.touch()
    words = ["--set", "energy=3", "--set", "valence=-2", "--amount", "0.5", "--seed", "11", "--guidance", "4"]
    words += ["--temperature", "0.8", "--top-k", "50", "--audio-prompt", str(audio), "--as", "melody"]
    words += ["--audio-start", "2", "--audio-end", "6.5", "--precision", "bf16"]
    assert generate(out, *words, "--model", "mine") == 0
    (job,) = backend.jobs
    assert job.mix == Mix(knobs={"energy": 3, "valence": -2}, amount=0.5)
    assert job.seed == 11
    assert job.settings == GenerationSettings(
        seconds=1, guidance=4, temperature=0.8, top_k=50, precision="bf16"
    )
    assert job.audio_prompt == AudioPrompt(path=audio, role="melody", start=2, end=6.5)
    assert job.model == "mine"


def test_a_model_folder_is_named_in_full(backend, out, tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    assert generate(out, "--model", "mine") == 0
    assert backend.jobs[0].model == str(tmp_path / "mine")


def test_json_is_one_object_with_the_promised_keys(backend, out, capsys):
    assert generate(out, "--set", "energy=5", "--seed", "3", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert {key: told[key] for key in ("base", "tuned", "recipe")} == {
        "base": str(out / "base.wav"),
        "tuned": str(out / "tuned.wav"),
        "recipe": str(out / "recipe.json"),
    }
    assert (told["seconds"], told["sample_rate"], told["seed"]) == (1.0, SAMPLE_RATE, 3)
    assert told["weights"] == {"base": 0.5, "energy": 0.5}
    assert set(told["timing"]) == {
        "load_s",
        "first_audio_s",
        "total_s",
        "audio_s",
        "seconds_per_audio_second",
    }


def test_without_a_seed_one_is_drawn_and_printed(backend, out, capsys):
    assert generate(out, "--json") == 0
    first = json.loads(capsys.readouterr().out)["seed"]
    assert generate(out, "--json") == 0
    second = json.loads(capsys.readouterr().out)["seed"]
    assert first != second
    assert [job.seed for job in backend.jobs] == [first, second]


def test_without_out_each_take_gets_a_folder_of_its_own(backend, capsys):
    for _ in range(2):
        assert main(["generate", "jazz", "--seconds", "1"]) == 0
    assert len(list(takes_dir().iterdir())) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--set", "enregy=3"], "Did you mean 'energy'?"),
        (["--set", "energy=nan"], "from -5 to 5"),
        (["--set", "energy=9"], "from -5 to 5"),
        (["--set", "energy=loud"], "--set energy=3"),
        (["--set", "energy"], "--set energy=3"),
        (["--amount", "nan"], "--amount nan"),
        (["--amount", "9"], "--amount 9"),
        (["--seconds", "inf"], "--seconds inf"),
        (["--seconds", "0"], "--seconds 0"),
        (["--top-k", "0"], "--top-k 0"),
        (["--seed", "-1"], "--seed -1"),
        (["--guidance", "0"], "--guidance 0"),
        (["--as", "melody"], "--audio-prompt"),
        (["--audio-end", "3"], "--audio-prompt"),
        (["--audio-prompt", __file__, "--audio-start", "-1"], "--audio-start -1"),
        (["--audio-prompt", "nowhere.wav"], "nowhere.wav"),
    ],
)
def test_a_wrong_option_is_told_in_one_line(words, said, backend, out, capsys):
    assert generate(out, *words) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert not backend.jobs
    assert not out.exists()


@pytest.fixture
def night():
    """A preset kept under the name "Night"."""
    settings = GenerationSettings(seconds=2, temperature=0.7)
    mix = Mix(knobs={"energy": -3, "valence": 1}, base_weight=4, amount=2)
    save_preset(Preset(name="Night", mix=mix, prompt="late jazz", settings=settings))


def test_a_preset_gives_what_was_not_typed(backend, night, out):
    assert main(["generate", "--preset", "night", "--out", str(out)]) == 0
    (job,) = backend.jobs
    assert job.prompt == "late jazz"
    assert job.mix == Mix(knobs={"energy": -3, "valence": 1}, base_weight=4, amount=2)
    assert job.settings == GenerationSettings(seconds=2, temperature=0.7)


def test_what_is_typed_wins_over_the_preset(backend, night, out):
    assert generate(out, "--preset", "night", "--set", "energy=5", "--set", "valence=0", "--amount", "1") == 0
    (job,) = backend.jobs
    assert job.prompt == "jazz, piano"
    assert job.mix == Mix(knobs={"energy": 5}, base_weight=4, amount=1)
    assert job.settings == GenerationSettings(seconds=1, temperature=0.7)


def test_what_a_preset_lacks_is_told_before_the_job(backend, night, out, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("engine.packs.resources", lambda: tmp_path)
    assert generate(out, "--preset", "night") == 0
    assert "No installed adapter lowers Energy for 'starter'." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"), [([], "no prompt"), (["--preset", "nigth"], "Did you mean 'Night'?")]
)
def test_without_a_prompt_or_with_a_wrong_preset_nothing_runs(words, said, backend, night, capsys):
    assert main(["generate", *words]) == 2
    assert said in capsys.readouterr().err
    assert not backend.jobs


@pytest.mark.parametrize(("prompt", "said"), [("  ", "empty"), ("la " * 4000, "2000 characters")])
def test_a_prompt_that_cannot_be_used_is_told_in_one_short_line(prompt, said, backend, capsys):
    assert main(["generate", prompt]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert len(err) < 200


@pytest.mark.parametrize(("name", "said"), [("ssh:studio", "another computer"), ("cloud", "'cloud'")])
def test_a_backend_that_is_not_there_is_refused(name, said, out, capsys):
    assert generate(out, "--backend", name) == 2
    assert said in capsys.readouterr().err


def test_an_out_that_cannot_be_written_is_told_before_the_work(backend, tmp_path, capsys):
    (tmp_path / "file").touch()
    assert generate(tmp_path / "file" / "take") == 2
    assert "--out" in capsys.readouterr().err
    assert not backend.jobs


def test_a_failed_job_is_one_line_and_leaves_nothing(backend, out, capsys):
    def fail(step: int) -> None:
        raise Problem("The weights are corrupt.", "Get the model again.")

    backend.on_step = fail
    assert generate(out) == 1
    assert capsys.readouterr().err.splitlines()[-1] == "Error: The weights are corrupt. Get the model again."
    assert not out.exists()


@pytest.fixture
def stopped_by(backend):
    """Have the process receive a signal during the job's third step."""

    def arrange(number: signal.Signals) -> None:
        backend.on_step = lambda step: os.kill(os.getpid(), number) if step == 3 else None

    return arrange


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_job_writes_nothing_and_says_so(number, backend, stopped_by, out, capsys):
    before = signal.getsignal(number)
    stopped_by(number)
    assert generate(out) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Stopped. Nothing was written." in captured.err
    assert not out.exists()
    assert signal.getsignal(number) is before


def test_a_stopped_job_keeps_its_part_if_asked(backend, stopped_by, out, capsys):
    stopped_by(signal.SIGINT)
    assert generate(out, "--keep-partial") == 1
    take = read_take(out)
    assert take.recipe.partial
    assert take.base.shape == (1, SAMPLE_RATE // 2)
    assert "0.5 s" in capsys.readouterr().err


def test_replay_makes_the_same_samples_from_any_part_of_a_take(backend, out, tmp_path, capsys):
    assert generate(out, "--set", "energy=4", "--seed", "5") == 0
    first = read_take(out)
    for number, source in enumerate((out, out / "recipe.json", out / "base.wav", out / "tuned.wav")):
        again = tmp_path / f"again{number}"
        assert main(["replay", str(source), "--out", str(again)]) == 0
        second = read_take(again)
        assert np.array_equal(first.base, second.base)
        assert np.array_equal(first.tuned, second.tuned)
    assert "may differ" not in capsys.readouterr().err


def test_replay_says_what_has_changed(backend, out, tmp_path, capsys):
    assert generate(out) == 0
    backend.model_sha256 = "cd" * 32
    assert main(["replay", str(out), "--out", str(tmp_path / "again")]) == 0
    assert "the model's weights. The samples may differ." in capsys.readouterr().err


def test_replay_of_a_part_makes_all_of_it(backend, stopped_by, out, tmp_path, capsys):
    stopped_by(signal.SIGINT)
    generate(out, "--keep-partial")
    backend.on_step = lambda step: None
    assert main(["replay", str(out), "--out", str(tmp_path / "again")]) == 0
    assert not read_recipe(tmp_path / "again").partial


def test_replay_of_nothing_is_a_wrong_call(capsys):
    assert main(["replay", "nowhere.wav"]) == 2
    assert "nowhere.wav" in capsys.readouterr().err
