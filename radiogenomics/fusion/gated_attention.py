"""Intermediate fusion: an encoder for each modality, and gated attention [1]_ over the modalities that a patient has.

Each modality becomes a short embedding, from which two things are read: its evidence in log-odds, and a gate between 0 and
1, from this embedding and the mean of all that are there, that says how much this modality counts for this patient. The log-odds are the sum of the gated evidence of the modalities
that are there. The gates are not forced to sum to one: a softmax would average independent evidence, and so dilute it. An
absent modality has no gate, so nothing is filled in. During training whole modalities are dropped at random [2]_, so that
the model learns to do without.

Sized for sixty patients: embeddings of a few numbers, strong weight decay, and the mean over an ensemble of seeds, all of
whose members are trained at once as one batch of small matrices. How long to train is chosen by inner cross-validation
(early stopping without giving up patients for it).

A network of sixty patients says too little about a modality of its own, and too much about one of noise. So the larger part
of a modality's evidence is that of linear models of this modality alone (:mod:`radiogenomics.fusion.unimodal_heads`), each heard
as far as held-out patients bear it out, and a slope on each modality's evidence is learned from held-out patients, shrunk by how
likely they make it that this modality tells anything. What this is worth where modalities are missing is in docs/study_missing_modalities.md.

Weights are kept as bytes in the safetensors format, so that the model is stored without pickle. On one thread of a CPU
training is deterministic to the bit.

References
----------
.. [1] Arevalo, Solorio, Montes-y-Gomez, Gonzalez: Gated multimodal units for information fusion, ICLR workshop 2017.
.. [2] Neverova, Wolf, Taylor, Nebout: ModDrop, adaptive multi-modal gesture recognition, IEEE TPAMI 2016.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations
from math import factorial
from typing import Any, ClassVar

import numpy as np

from radiogenomics.exceptions import ComputationError
from radiogenomics.fusion.base import WHOLE, ConcatenatingClassifier
from radiogenomics.fusion.columns import SEPARATOR, presence
from radiogenomics.fusion.design import Block, Design
from radiogenomics.fusion.harmonisation import SiteHarmonisation
from radiogenomics.fusion.logistic import recalibration, recalibration_by_part
from radiogenomics.fusion.unimodal_heads import (
    HEADS,
    combined,
    fitted_heads,
    gain,
    head_evidence,
    head_weights,
    own_columns,
    schwarz_weight,
)

LEARNING_RATE = 0.02
INPUT_NOISE = 0.1
"""Standard deviation of noise on the standardised inputs in training."""
HEAD_SHARE = 0.85
"""Share of a modality's evidence that comes from its linear models, chosen on simulated cohorts."""
SLOPE_SPREAD = 1.0
"""Standard deviation of the prior of the slopes on evidence around 1, which was shrunk by its Schwarz weight before."""
EARLIER_HEAD_SHARE = 0.5
"""That of models which were stored before they kept their own."""
MOST_MODALITIES = 10
"""Exact Shapley values over modalities take 2^m predictions."""


class GatedAttention(ConcatenatingClassifier):
    """Encoder per modality and gated attention over the modalities present, an ensemble of small networks.

    Parameters
    ----------
    width : numbers in the embedding of a modality.
    members : networks in the ensemble, each with its own start and its own dropped modalities.
    modality_dropout : chance that a present modality is dropped in a training step; one always stays.
    weight_decay : decoupled weight decay [1]_; a step shrinks weights by this times the learning rate of 0.02.

    epochs : full-batch training steps after which training may stop; the inner folds choose.

    For the others see `ConcatenatingClassifier`; `max_features` features of each modality are fed to its encoder.

    SHAP values are exact for each modality as a whole (Shapley values [2]_ over the modalities present, an absent one being
    what the network already understands). They are not divided among the features of a modality: attention has no closed
    form for that, and an approximation would not add up.

    References
    ----------
    .. [1] Loshchilov, Hutter: Decoupled weight decay regularization, ICLR 2019.
    .. [2] Shapley: A value for n-person games, 1953.
    """

    stored_types: ClassVar[tuple[type, ...]] = (*ConcatenatingClassifier.stored_types, Design, Block)

    def __init__(
        self,
        modalities: tuple[str, ...] | None = None,
        *,
        inner_folds: int = 3,
        inner_repeats: int = 2,
        max_features: int = 10,
        random_state: int = 20260101,
        harmonisation: SiteHarmonisation | None = None,
        unreliable: tuple[str, ...] = (),
        width: int = 4,
        members: int = 8,
        modality_dropout: float = 0.5,
        weight_decay: float = 1.0,
        epochs: tuple[int, ...] = (15, 40, 80, 160),
    ) -> None:
        super().__init__(
            modalities,
            inner_folds=inner_folds,
            inner_repeats=inner_repeats,
            max_features=max_features,
            random_state=random_state,
            harmonisation=harmonisation,
            unreliable=unreliable,
        )
        self.width = width
        self.members = members
        self.modality_dropout = modality_dropout
        self.weight_decay = weight_decay
        self.epochs = epochs

    def candidates(self) -> list[dict[str, float]]:
        """Training steps."""
        return [{"epochs": epochs} for epochs in self.epochs]

    def _path(self, X: np.ndarray, target: np.ndarray, X_new: np.ndarray, seed: int) -> np.ndarray:
        m = len(self._used_blocks())
        return np.asarray(self._parts_path(X, target, X_new, seed)[:, :, : 1 + m].sum(axis=2))

    def _parts_path(self, X: np.ndarray, target: np.ndarray, X_new: np.ndarray, seed: int) -> np.ndarray:
        """(n_new, n_candidates, 1 + m + m * heads): the network's intercept and gated evidence, then what the heads say."""
        design = Design(self._used_blocks(), X.shape[1], self.max_features).fit(X, target)
        inputs, new = self._inputs(design, X), self._inputs(design, X_new)
        trained = self._trained(*inputs, target, list(self.epochs), seed)
        gated = np.stack([_gated(weights, *new) for weights in trained], axis=1)
        heads = fitted_heads(design, design.transform(X), inputs[1], target)
        said = head_evidence(design, design.transform(X_new), new[1], heads).reshape(len(X_new), 1, -1)
        return np.concatenate([gated, np.repeat(said, gated.shape[1], axis=1)], axis=2)

    def _held_out(self, X: np.ndarray, target: np.ndarray, folds: int, seed: int) -> np.ndarray:
        """As for every other estimator, after the weights of each modality's heads and the slope on its evidence were learned
        from what was held out."""
        parts = self._over_inner_folds(self._parts_path, X, target, folds, seed)
        here = presence(X, self._used_blocks())
        m = here.shape[1]
        heads = parts[:, :, 0, 1 + m :].reshape(*parts.shape[:2], m, -1)
        gains = [[gain(heads[here[:, j], :, j, h], target[here[:, j]]) for h in range(len(HEADS))] for j in range(m)]
        self.head_weights_ = head_weights(np.array(gains))
        own = (heads * self.head_weights_).sum(axis=3)[:, :, None]
        evidence = HEAD_SHARE * own + (1 - HEAD_SHARE) * parts[..., 1 : 1 + m]
        learned = [self._slopes(evidence[:, :, c], here, target) for c in range(parts.shape[2])]
        self.slopes_, self.spare_ = (np.array(values) for values in zip(*learned, strict=True))
        said = [combined(evidence[:, :, c], here, *learned[c]) for c in range(parts.shape[2])]
        return np.stack(said, axis=2)

    @staticmethod
    def _slopes(evidence: np.ndarray, here: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For evidence (n, r, m) an intercept and a slope a modality (1 + m,), shrunk by the modality's Schwarz weight; and the
        slopes (m,) of each modality alone."""
        m = evidence.shape[2]
        own_rows = [(evidence[here[:, j], :, j], target[here[:, j]]) for j in range(m)]
        weights = schwarz_weight(np.array([gain(*rows) for rows in own_rows]), here.sum(axis=0))
        spare = np.array([recalibration(*rows)[1] if len(rows[1]) else 0.0 for rows in own_rows])
        intercept, own = recalibration_by_part(weights * evidence, target, prior_spread=SLOPE_SPREAD)
        return np.concatenate([[intercept], weights * own]), spare

    def _fit_learner(self, X: np.ndarray, target: np.ndarray, chosen: int, seed: int) -> None:
        from safetensors.torch import save

        self.design_ = Design(self._used_blocks(), X.shape[1], self.max_features).fit(X, target)
        epochs = int(self.candidates()[chosen]["epochs"])
        inputs, here = self._inputs(self.design_, X)
        (weights,) = self._trained(inputs, here, target, [epochs], seed)
        self.weights_ = bytes(save(weights))
        self.slopes_, self.spare_ = self.slopes_[chosen], self.spare_[chosen]
        self.head_share_ = HEAD_SHARE
        heads = fitted_heads(self.design_, self.design_.transform(X), here, target)
        self.head_coef_ = np.zeros(len(heads))
        for own, weights_of_heads in zip(own_columns(self.design_), self.head_weights_, strict=True):
            self.head_coef_[own] = heads[own] @ weights_of_heads

    def _inputs(self, design: Design, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n, m, q) standardised features of each modality, filled up with 0 to the widest, and (n, m) what is there."""
        matrix, groups = design.transform(X), design.groups
        features = design.owners < design.n_features  # the indicator of absence is the gate's business
        width = max([int(((groups == m) & features).sum()) for m in range(len(design.positions))] + [1])
        inputs = np.zeros((len(X), len(design.positions), width))
        for m in range(len(design.positions)):
            own = np.flatnonzero((groups == m) & features)
            inputs[:, m, : len(own)] = matrix[:, own]
        return inputs, presence(X, design.positions)

    def _trained(
        self, inputs: np.ndarray, here: np.ndarray, target: np.ndarray, epochs: list[int], seed: int
    ) -> list[dict[str, Any]]:
        """The ensemble's weights after each of these numbers of steps."""
        with _one_thread():
            return self._train(inputs, here, target, epochs, seed)

    def _train(
        self, inputs: np.ndarray, here: np.ndarray, target: np.ndarray, epochs: list[int], seed: int
    ) -> list[dict[str, Any]]:
        import torch

        generator = torch.Generator().manual_seed(seed)
        _, m, q = inputs.shape
        weights = _start(self.members, m, q, self.width, generator)
        share = float(np.clip(target.mean(), 0.01, 0.99))
        prior = float(np.log(share / (1 - share)))
        weights["intercept"] += prior
        for value in weights.values():
            value.requires_grad_(True)
        decayed = [value for name, value in weights.items() if name != "intercept"]
        optimiser = torch.optim.AdamW(
            [
                {"params": decayed, "weight_decay": self.weight_decay},
                {"params": [weights["intercept"]], "weight_decay": 0.0},
            ],
            lr=LEARNING_RATE,
            foreach=False,
        )
        x, mask = torch.from_numpy(inputs), torch.from_numpy(here)
        label = torch.from_numpy(target.astype(float)).expand(self.members, -1)
        snapshots = []
        for step in range(1, max(epochs) + 1):
            shown = _dropped(mask, self.members, self.modality_dropout, generator)
            noise = torch.randn((self.members, *x.shape), generator=generator, dtype=x.dtype)
            z = _forward(weights, x + INPUT_NOISE * noise, shown)
            # a sum over members: their gradients do not mix
            loss = torch.nn.functional.binary_cross_entropy_with_logits(z, label, reduction="none").mean(1).sum()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            if step in epochs:
                snapshots.append({name: value.detach().clone() for name, value in weights.items()})
        return snapshots

    def _loaded(self) -> dict[str, Any]:
        from safetensors.torch import load

        return load(self.weights_)

    def _learner_log_odds(self, X: np.ndarray) -> np.ndarray:
        return self._said(self._loaded(), self.design_.transform(X), *self._inputs(self.design_, X))

    def _said(self, weights: dict[str, Any], matrix: np.ndarray, inputs: np.ndarray, here: np.ndarray) -> np.ndarray:
        evidence = _gated(weights, inputs, here)[:, 1:]
        if hasattr(self, "head_coef_"):  # a model stored by an earlier version has none
            own = head_evidence(self.design_, matrix, here, self.head_coef_[:, None])[:, :, 0]
            share = getattr(self, "head_share_", EARLIER_HEAD_SHARE)
            return combined(share * own + (1 - share) * evidence, here, self.slopes_, self.spare_)
        return np.asarray(self.slopes_[0] + evidence @ self.slopes_[1:])

    def attention(self, X: Any) -> np.ndarray:
        """How far each modality's gate is open for each patient, as shares: (n, m), rows sum to 1, 0 where absent.

        NaN where the model abstains, or learned nothing.
        """
        import torch

        values = self._table(X)
        rows = self._covered(values)
        result = np.full((len(values), len(self._used_blocks())), np.nan)
        if rows.any() and not self.constant_:
            inputs, here = self._inputs(self.design_, self._harmonised(values[rows]))
            with torch.no_grad():
                gate = _evidence(self._loaded(), torch.from_numpy(inputs)[None], torch.from_numpy(here)[None])[1]
            opened = gate.mean(0).numpy()
            result[rows] = opened / opened.sum(axis=1, keepdims=True)
        return result

    def contribution_names(self) -> list[str]:
        """Names of the columns of `contributions`: columns, absences, then each modality as a whole."""
        return super().contribution_names() + [f"{modality}{SEPARATOR}{WHOLE}" for modality in self._blocks()]

    def _learner_contributions(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        weights, matrix = self._loaded(), self.design_.transform(X)
        inputs, here = self._inputs(self.design_, X)
        m = here.shape[1]
        if m > MOST_MODALITIES:
            raise ComputationError(
                f"Shapley values over modalities are exact up to {MOST_MODALITIES} modalities, found {m}",
                rule="too_many_modalities",
            )
        worth = {}
        for size in range(m + 1):
            for kept in combinations(range(m), size):
                shown = np.zeros_like(here)
                shown[:, list(kept)] = here[:, list(kept)]
                worth[frozenset(kept)] = self._said(weights, matrix, inputs, shown)
        result = np.zeros((len(X), len(self.contribution_names())))
        everything = list(self._blocks())
        start = result.shape[1] - len(everything)
        for index, name in enumerate(self._used_blocks()):
            others = [other for other in range(m) if other != index]
            for size in range(m):
                share = factorial(size) * factorial(m - size - 1) / factorial(m)
                for kept in combinations(others, size):
                    gain = worth[frozenset({*kept, index})] - worth[frozenset(kept)]
                    result[:, start + everything.index(name)] += share * gain
        return result, worth[frozenset()]


@contextmanager
def _one_thread() -> Iterator[None]:
    """Torch on one thread: several sum in another order, and are slower at these sizes."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _start(members: int, m: int, q: int, width: int, generator: Any) -> dict[str, Any]:
    """Random weights of every member of the ensemble, scaled by fan-in."""
    import torch

    def normal(*shape: int, fan: int) -> Any:
        return torch.randn(shape, generator=generator, dtype=torch.float64) / float(np.sqrt(fan))

    return {
        "encoder": normal(members, m, q, width, fan=q),
        "encoder_bias": torch.zeros((members, m, width), dtype=torch.float64),
        "value": normal(members, m, width, fan=width),
        "gate": normal(members, m, width, fan=width),
        "gate_context": torch.zeros((members, m, width), dtype=torch.float64),  # starts without a say
        "gate_bias": torch.zeros((members, m), dtype=torch.float64),
        "intercept": torch.zeros((members,), dtype=torch.float64),
    }


def _dropped(mask: Any, members: int, chance: float, generator: Any) -> Any:
    """(members, n, m) of bool: the modalities shown in this step, at least one of those that are there."""
    import torch

    luck = torch.rand((members, *mask.shape), generator=generator, dtype=torch.float64)
    luck = torch.where(mask, luck, -1.0)
    luckiest = luck == luck.max(dim=-1, keepdim=True).values
    return mask & ((luck >= chance) | luckiest)


def _evidence(weights: dict[str, Any], x: Any, here: Any) -> tuple[Any, Any]:
    """Each modality's evidence and gate, both (members, n, m), of inputs (members or 1, n, m, q); gate 0 where absent."""
    import torch

    inputs = x.expand(len(weights["gate"]), -1, -1, -1)
    hidden = torch.einsum("enmq,emqw->enmw", inputs, weights["encoder"]) + weights["encoder_bias"][:, None]
    embedding = torch.tanh(hidden) * here[..., None]
    # what the modalities that are there say together, for a gate that knows its neighbours
    context = embedding.sum(2) / here.sum(2).clamp(min=1)[..., None]
    evidence = (embedding * weights["value"][:, None]).sum(-1)
    own = (embedding * weights["gate"][:, None]).sum(-1)
    others = torch.einsum("enw,emw->enm", context, weights["gate_context"])
    gate = torch.sigmoid(own + others + weights["gate_bias"][:, None])
    return evidence, gate * here


def _forward(weights: dict[str, Any], x: Any, here: Any) -> Any:
    """Log-odds (members, n)."""
    evidence, gate = _evidence(weights, x, here)
    return weights["intercept"][:, None] + (gate * evidence).sum(-1)


def _gated(weights: dict[str, Any], inputs: np.ndarray, here: np.ndarray) -> np.ndarray:
    """The ensemble's mean intercept and its mean gated evidence of each modality: (n, 1 + m)."""
    import torch

    with torch.no_grad():
        evidence, gate = _evidence(weights, torch.from_numpy(inputs)[None], torch.from_numpy(here)[None])
        spoken = (evidence * gate).mean(0).numpy()
    return np.column_stack([np.full(len(inputs), float(weights["intercept"].mean())), spoken])
