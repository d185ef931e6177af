"""What this computer can compute on, by torch's names."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Device:
    """`id` is torch's name for it, `name` what people call it."""

    id: str
    name: str


def devices() -> list[Device]:
    """The devices, best first: those of CUDA, then MPS, then the CPU."""
    cuda = [
        Device(f"cuda:{number}", torch.cuda.get_device_name(number))
        for number in range(torch.cuda.device_count() if torch.cuda.is_available() else 0)
    ]
    mps = [Device("mps", "Apple GPU")] if torch.backends.mps.is_available() else []
    return [*cuda, *mps, Device("cpu", f"CPU, {torch.get_num_threads()} threads")]


def best_device() -> str:
    """The id of the first of `devices`."""
    return devices()[0].id
