"""KL of the tuned from the base policy, against the decode loop step by step and by brute force."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.adapters import read_adapter
from engine.decoder import ROWS
from engine.delay import delayed
from engine.job import Sampling
from engine.merge import combine, merge
from engine.mix import Mix
from engine.model import load_model
from evaluation.policy import causal_decoder, clip_divergence, policy_logits
from tests.engine import tiny
from tests.engine.random_pack import write_adapter

MIX = Mix(knobs={"energy": 5})


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tiny.save(tiny.mono(), tmp_path_factory.mktemp("model"))
    decoder, weights = causal_decoder(folder)
    changes = combine(MIX, {"energy": read_adapter(write_adapter(folder / "a", weights), weights)})
    model = load_model(folder)
    return {
        "decoder": decoder,
        "changed": merge(weights, changes),
        "model": model,
        "tuning": model.decoder.tune(changes),
        "states": model.read_prompt("rock guitar"),
        "codes": torch.randint(0, tiny.CARD, (4, 9), generator=torch.Generator().manual_seed(0)),
    }


@torch.inference_mode()
@pytest.mark.parametrize("tuned", [False, True])
@pytest.mark.parametrize("guidance", [1.0, 3.0])
def test_a_whole_clip_read_at_once_gives_the_loops_logits(
    policies: dict[str, Any], tuned: bool, guidance: float
) -> None:
    model, states = policies["model"], policies["states"]
    sequence = delayed(policies["codes"], model.waits, tiny.CARD)[:, :-1]
    weights = policies["changed"] if tuned else {}
    found = policy_logits(policies["decoder"], weights, sequence, states, guidance)
    tuning = policies["tuning"] if tuned else None
    block, _ = model.decoder.start([tuning], guidance != 1, model.condition(states), sequence.shape[1])
    for column in range(sequence.shape[1]):
        rows = model.decoder.step(block, sequence[:, column].expand(ROWS, -1))
        logits = rows[0] if guidance == 1 else rows[1] + (rows[0] - rows[1]) * guidance
        assert torch.allclose(found[:, column], logits, atol=2e-3), column


def test_the_base_is_not_far_from_itself_and_the_tuned_is(policies: dict[str, Any]) -> None:
    def kl(tuned: Any, **settings: Any) -> float:
        return clip_divergence(
            policies["decoder"],
            {},
            tuned,
            policies["codes"],
            policies["states"],
            Sampling(**settings),
        )

    assert kl({}) == 0
    assert kl(policies["changed"]) > kl(policies["changed"], guidance=1) > 0
    assert kl(policies["changed"], temperature=4) < kl(policies["changed"])


def test_the_divergence_by_brute_force(policies: dict[str, Any]) -> None:
    codes = policies["codes"]
    sequence = delayed(codes, policies["model"].waits, tiny.CARD)[:, :-1]
    logits = [
        policy_logits(policies["decoder"], w, sequence, policies["states"], 3.0).numpy().astype(np.float64)
        for w in (policies["changed"], {})
    ]
    p, q = (np.exp(x) / np.exp(x).sum(-1, keepdims=True) for x in logits)
    K, T = codes.shape
    terms = [(p[k, t + k] * np.log(p[k, t + k] / q[k, t + k])).sum() for k in range(K) for t in range(T)]
    found = clip_divergence(
        policies["decoder"], {}, policies["changed"], codes, policies["states"], Sampling()
    )
    assert found == pytest.approx(np.mean(terms), rel=1e-4)


def test_a_model_that_is_no_text_model_is_refused(tmp_path: Path) -> None:
    from engine.errors import Problem

    (tmp_path / "config.json").write_text('{"model_type": "musicgen_melody"}')
    with pytest.raises(Problem, match="musicgen_melody"):
        causal_decoder(tmp_path)
