import pytest
import torch
from torch import nn

from training.starter.muon import Muon, orthogonal


@pytest.mark.parametrize("shape", [(24, 8), (8, 24), (16, 16)])
def test_singular_values_become_about_one_and_directions_stay(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    found = orthogonal(matrix)
    assert found.dtype == matrix.dtype
    sizes = torch.linalg.svdvals(found)
    assert sizes.min() > 0.6 and sizes.max() < 1.3
    u, _, v = torch.linalg.svd(matrix, full_matrices=False)
    inside = u.T @ found @ v.T
    assert (inside - inside.diag().diag()).abs().max() < 0.03


def test_its_steps_are_those_of_torchs_muon() -> None:
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(12, 20, generator=generator)
    ours, theirs = nn.Parameter(start.clone()), nn.Parameter(start.clone())
    optimizers = [
        Muon([ours], lr=0.01, weight_decay=0.05),
        torch.optim.Muon([theirs], lr=0.01, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"),
    ]
    for _ in range(3):
        grad = torch.randn(12, 20, generator=generator)
        for matrix, optimizer in zip((ours, theirs), optimizers, strict=True):
            matrix.grad = grad.clone()
            optimizer.step()
    assert (ours - start).abs().max() > 0.01
    torch.testing.assert_close(ours, theirs, atol=2e-3, rtol=0)
    kept, expected = (o.state_dict()["state"][0]["momentum_buffer"] for o in optimizers)
    torch.testing.assert_close(kept, expected)


def test_a_matrix_without_gradient_stays() -> None:
    still = nn.Parameter(torch.ones(2, 3))
    Muon([still], lr=1.0, weight_decay=0.5).step()
    assert torch.equal(still, torch.ones(2, 3))
