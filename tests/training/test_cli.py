"""`tunedial train` and `tunedial bench dpo` as they are called."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import training
from engine.cli import main
from engine.metrics import METRIC_IDS
from engine.packs import load_pack
from tests.engine import tiny
from tests.training.tiny_pairs import write
from training import bench
from training.launch import accelerate_script, slurm_script
from training.pack import SLOTS, slots_of

QUICK = [
    "--set",
    "max_steps=4",
    "--set",
    "eval_steps=2",
    "--set",
    "bf16=false",
    "--rank",
    "2",
    "--rate",
    "0.01",
]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return tiny.save(tiny.mono(), tmp_path / "model")


@pytest.fixture
def call(tmp_path: Path, model: Path) -> list[str]:
    data = write(tmp_path / "data", train=6, test=3)
    return ["--data", str(data), "--model", str(model), "--out", str(tmp_path / "my-pack"), *QUICK]


def run(words: list[str], capsys: pytest.CaptureFixture[str]) -> Any:
    """The JSON that a call prints."""
    assert main([*words, "--json"]) == 0, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


def test_one_adapter(call: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train", "dpo", "--metric", "energy", "--direction", "negative", "--likelihood", "0.1", *call]
    found = run(words, capsys)
    assert found["card"]["settings"]["loss"] == "sigmoid, sft"
    assert found["card"]["settings"]["learning_rate"] == 0.01
    pack = load_pack(tmp_path / "my-pack")
    assert list(pack.adapters) == [("energy", "negative")]
    assert pack.manifest.files and pack.manifest.base_sha256
    assert (tmp_path / "my-pack.runs" / "energy-negative" / "log").is_dir()


def test_a_pack_skips_what_is_done(
    call: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["train", "pack", "--metric", "energy", "--metric", "tempo", *call]
    found = run(words, capsys)["adapters"]
    assert {name: state["state"] for name, state in found.items()} == {
        "energy/positive": "done",
        "energy/negative": "done",
        "tempo/positive": "no pairs",
        "tempo/negative": "no pairs",
    }
    monkeypatch.setattr("training.pack.train_adapter", lambda *_: pytest.fail("trained again"))
    again = run([*words, "--slot", str(SLOTS.index(slots_of(["energy"], None)[0]))], capsys)["adapters"]
    assert again == {"energy/positive": found["energy/positive"]}


def test_every_adapter_has_a_number() -> None:
    assert [slot.number for slot in SLOTS] == list(range(26))
    assert {(slot.metric, slot.direction) for slot in SLOTS} == {
        (metric, direction) for metric in METRIC_IDS for direction in ("positive", "negative")
    }


def test_a_slurm_plan_repeats_the_call(
    call: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["train", "pack", *call, "--beta", "0.05", "--gain", "3", "--plan", "slurm"]
    assert main(words) == 0
    script = capsys.readouterr().out
    directives = [line.split(" ", 1)[1] for line in script.splitlines() if line.startswith("#SBATCH")]
    assert "--array=0-25" in directives
    assert "--gres=gpu:1" in directives
    assert all(directive.startswith("--") for directive in directives)
    line = next(line for line in script.splitlines() if line.startswith("srun "))
    again = shlex.split(line)
    assert again[2:4] == ["train", "pack"]
    assert again[-2:] == ["--slot", "$SLURM_ARRAY_TASK_ID"]
    for option in ("--data", "--model", "--out", "--beta", "--gain", "--set"):
        assert option in again
    assert not {"--plan", "--gpus"} & set(again)
    assert Path(again[again.index("--data") + 1]).is_absolute()
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    assert main([*words, "--metric", "energy", "--metric", "tempo", "--gpus", "0"]) == 0
    script = capsys.readouterr().out
    assert "--array=6,7,16,17" in script and "gres" not in script
    assert main(["train", "pack", *again[4:-2], "--metric", "tempo", "--json"]) == 0, (
        "the call it repeats is one"
    )


def test_an_accelerate_plan_is_a_launch(tmp_path: Path) -> None:
    script = accelerate_script(["training", "pack", "--out", "my pack"], 4)
    assert "accelerate launch --multi_gpu --num_processes 4 --mixed_precision bf16 -m training pack" in script
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_two_processes_train_one_pack(call: list[str], tmp_path: Path) -> None:
    """As accelerate's launcher starts them, on the CPU: torchrun, which it stands on, with gloo."""
    on_cpu = ["--set", "use_cpu=true", "--set", "ddp_backend=gloo"]
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    done = subprocess.run(
        [*launch, "-m", "training", "pack", "--metric", "energy", *call, *on_cpu],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        cwd=Path(training.__file__).parents[1],
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(load_pack(tmp_path / "my-pack").adapters) == 2


def test_slurm_asks_for_what_a_job_needs(tmp_path: Path) -> None:
    script = slurm_script(SLOTS[:1], ["tunedial"], tmp_path / "a b.sbatch", tmp_path)
    assert "#SBATCH --array=0\n" in script
    assert "#SBATCH --mem=24G\n" in script
    assert "'" in next(line for line in script.splitlines() if "Submit it with" in line)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--set", "beta"], "--set beta has no value"),
        (["--set", "loss_type=nothing"], "The loss 'nothing' is not supported"),
        (["--frozen", "2"], "Of 2 layers, 2 cannot be frozen"),
    ],
)
def test_wrong_calls(
    call: list[str], words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "dpo", "--metric", "energy", "--direction", "positive", *call, *words]) == 2
    assert told in capsys.readouterr().err


def test_data_from_the_model_itself(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "prompts.txt").write_text("rock guitar\nslow jazz piano\n")
    words = ["train", "data", "selfplay", "--model", str(model), "--prompts", str(tmp_path / "prompts.txt")]
    words += ["--clips", "4", "--seconds", "1", "--guidance", "1", "--band", "0.01", "9"]
    found = run([*words, "--out", str(tmp_path / "pairs")], capsys)
    assert found["clips"] > 1 and found["pairs"]
    assert main([*words, "--out", str(tmp_path / "again")]) == 0
    shown = capsys.readouterr()
    assert "metric" in shown.out and "Left out:" in shown.err


def test_the_bench_of_pairing_pairs_all_songs(capsys: pytest.CaptureFixture[str]) -> None:
    found = run(["bench", "pairing", "--songs", "300", "--genres", "20"], capsys)
    assert (found["songs"], found["genres"]) == (300, 20)
    assert 150 <= found["candidates"] <= 300  # each song meets one, and two may have met each other
    assert found["seconds"] > 0 and found["peak_gb"] > 0


def test_both_ways_of_a_step_run_and_are_compared(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny_shape = bench.Shape(hidden=32, layers=2, heads=2, ffn=64, card=16, text_width=24, text_layers=1)
    costs = [bench._measure(tiny_shape, 2, 1.0, 1, naive) for naive in (True, False)]
    assert all(cost.seconds > 0 and cost.memory > 0 for cost in costs)
    compared = bench.Compared(bench.Cost(3.0, 8_000_000_000), bench.Cost(1.0, 4_000_000_000), 3.0, 2.0)
    monkeypatch.setattr(bench, "compare", lambda *_: compared)
    assert run(["bench", "dpo"], capsys)["speedup"] == 3.0
    assert main(["bench", "dpo"]) == 0
    assert "3.00 times faster, 2.00 times less memory" in capsys.readouterr().out
