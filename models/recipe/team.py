"""Workers that train together without waiting for each other: each takes its own steps, now and then their weights are averaged.

On a machine with other work, workers that share every step wait most of the time for the one that was just interrupted.
"""

from __future__ import annotations

import os
import socket

import torch
import torch.distributed as dist
from torch import nn

STEPS_ALONE = 10


class Team:
    """One worker's view of all."""

    def __init__(self, rank: int, workers: int):
        self.workers = workers
        dist.init_process_group("gloo", rank=rank, world_size=workers)

    @staticmethod
    def prepare() -> None:
        """In the parent: where the workers meet."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(free.getsockname()[1]))

    @torch.no_grad()
    def average(self, model: nn.Module, number: float) -> float:
        """The weights in place, and a number, averaged over all workers."""
        weights = list(model.parameters())
        flat = torch.cat([*(p.flatten() for p in weights), torch.tensor([number])])
        dist.all_reduce(flat)
        flat /= self.workers
        at = 0
        for p in weights:
            p.copy_(flat[at : at + p.numel()].view_as(p))
            at += p.numel()
        return float(flat[-1])

    def leave(self) -> None:
        """When all are done."""
        dist.barrier()
        dist.destroy_process_group()


def optimizers_of(model: nn.Module, lr: float) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the layers, AdamW for all else; both take steps of the same size."""
    layers = [*model.encoder.layers, *model.decoder.layers]
    inner = [p for layer in layers for p in layer.parameters() if p.dim() == 2]
    known = {id(p) for p in inner}
    others = [p for p in model.parameters() if id(p) not in known]
    groups = [
        {"params": [p for p in others if p.dim() > 1], "weight_decay": 0.02},
        {"params": [p for p in others if p.dim() < 2], "weight_decay": 0.0},
    ]
    return [
        torch.optim.Muon(inner, lr=lr, weight_decay=0.02, momentum=0.95, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(groups, lr=lr, betas=(0.9, 0.98), fused=True),
    ]


def step(optimizers: list[torch.optim.Optimizer], lr: float) -> None:
    for opt in optimizers:
        for group in opt.param_groups:
            group["lr"] = lr
        opt.step()
