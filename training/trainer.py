"""Preference training of MusicGen: transformers' Trainer with TRL's options, losses and figures.

Trainer and accelerate do the loop, so several GPUs, mixed precision, gradient checkpointing, accumulation,
resuming and DeepSpeed or FSDP are theirs. (TRL's own DPOTrainer cannot take MusicGen: it wants a
tokenizer and one text config. Tests hold the numbers here to those of its `_compute_loss`.)
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor
from transformers import PrinterCallback, Trainer

from training.batches import clips_of, collate
from training.losses import Scores, reward_figures, total_loss
from training.plan import loss_weights
from training.scoring import Clips, Layout, code_logps, divergence, predictions, token_logps
from training.stopping import good_evaluations

ACCURACY = "eval_rewards/accuracies"


class DpoTrainer(Trainer):  # type: ignore[misc]
    """Trains `policy`, a PeftModel around MusicgenForCausalLM, on `Examples`.

    References that the examples lack are worked out on the fly, with the adapter switched off. Figures are
    logged by TRL's names, and `kl` besides: on the clips of the first held-out batch, the mean KL divergence
    for each code, in nats, of the policy from the reference.
    """

    loss_is_scaled_for_ga = False

    def __init__(
        self,
        policy: Any,
        config: Any,
        layout: Layout,
        train: Any,
        held_out: Any,
        callbacks: Sequence[Any] = (),
    ) -> None:
        self._layout = layout
        self._weights = loss_weights(config)
        self._figures: dict[str, dict[str, list[Tensor]]] = {
            mode: defaultdict(list) for mode in ("train", "eval")
        }
        super().__init__(
            model=policy,
            args=config,
            train_dataset=train,
            eval_dataset=held_out,
            data_collator=partial(collate, layout=layout),
            callbacks=list(callbacks),
        )
        self.model_accepts_loss_kwargs = False
        self.remove_callback(PrinterCallback)  # figures are told through callbacks; stdout is for results

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Tensor],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """The loss of a collated batch; its figures are kept for the log."""
        clips = clips_of(inputs)
        mode = "train" if model.training else "eval"
        if mode == "eval" and not self._figures["eval"]["kl"]:
            logps = self._with_divergence(model, clips)
        else:
            logps = code_logps(model, clips, self._layout)
        references = inputs.get("references")
        if references is None:
            with self._reference(model):
                references = code_logps(model, clips, self._layout).sum((1, 2))
        scores = scores_of(logps, references, clips)
        self._note(mode, reward_figures(scores, self.args.beta))
        loss = total_loss(self._weights, scores, self.args.beta, self.args.label_smoothing)
        return (loss, {"logps": torch.cat([scores.chosen, scores.rejected])}) if return_outputs else loss

    def prediction_step(
        self,
        model: Any,
        inputs: dict[str, Any],
        prediction_loss_only: bool,
        ignore_keys: list[str] | None = None,
    ) -> tuple[Tensor, None, None]:
        """The loss only: figures are kept by `compute_loss`."""
        inputs = self._prepare_inputs(inputs)
        with torch.no_grad(), self.compute_loss_context_manager():
            return self.compute_loss(model, inputs).detach(), None, None

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Add the mean figures since the last log to `logs`, which `evaluate` also returns."""
        mode = "train" if "loss" in logs else "eval" if any(name.startswith("eval_") for name in logs) else ""
        prefix = "eval_" if mode == "eval" else ""
        for name, values in self._figures.get(mode, {}).items():
            logs[prefix + name] = float(torch.cat(values).mean())
        if mode:
            self._figures[mode].clear()
        if mode == "eval":
            before = [line[ACCURACY] for line in self.state.log_history if ACCURACY in line]
            logs["eval_good"] = good_evaluations([*before, logs[ACCURACY]], len(self.eval_dataset))
        super().log(logs, start_time)

    @torch.no_grad()
    def _with_divergence(self, model: Any, clips: Clips) -> Tensor:
        """What `code_logps` gives; notes the divergence, which needs all logits of both, on the way."""
        logits = predictions(model, clips, self._layout)
        with self._reference(model):
            base = predictions(model, clips, self._layout)
        self._note("eval", {"kl": divergence(logits, base, clips, self._layout)})
        return token_logps(logits, clips, self._layout)

    @contextmanager
    def _reference(self, model: Any) -> Iterator[None]:
        with torch.no_grad(), self.accelerator.unwrap_model(model).disable_adapter():
            yield

    def _note(self, mode: str, figures: dict[str, Tensor]) -> None:
        for name, value in figures.items():
            self._figures[mode][name].append(self.accelerator.gather(value.detach()).cpu())


def scores_of(logps: Tensor, references: Tensor, clips: Clips) -> Scores:
    """The scores of B pairs from their codes' log-probabilities [2B, K, C] and the references [2B]."""
    chosen, rejected = logps.sum((1, 2)).chunk(2)
    reference_chosen, reference_rejected = references.to(chosen).chunk(2)
    chosen_count, rejected_count = clips.scored.sum((1, 2)).chunk(2)
    return Scores(chosen, rejected, reference_chosen, reference_rejected, chosen_count, rejected_count)
