"""A 3-D convolutional network that is trained on the cohort itself, inside each fold: its score is out-of-fold by construction.

It reads boxes of voxels (modality ``patches_<images>``) and nothing else. How long to train is chosen by inner
cross-validation: early stopping without giving up patients for it. Sized for sixty patients; see `network_training`.

Weights are kept as bytes in the safetensors format, so that the model is stored without pickle.
"""

from __future__ import annotations

import numpy as np

from radiogenomics.exceptions import TableError
from radiogenomics.fusion.base import WHOLE, ConcatenatingClassifier
from radiogenomics.fusion.columns import SEPARATOR
from radiogenomics.fusion.harmonisation import SiteHarmonisation
from radiogenomics.fusion.network_training import chosen_device, predicted, trained
from radiogenomics.imaging.box_network import WIDTH, Weights
from radiogenomics.imaging.patch_blocks import unpacked


class CohortNetwork(ConcatenatingClassifier):
    """An ensemble of small networks over the boxes of one modality.

    Parameters
    ----------
    epochs : passes over the patients after which training may stop; the inner folds choose.
    members : networks in the ensemble. A fit trains (inner_folds x inner_repeats + 1) x members networks.
    width : maps of the first convolution.
    device : 'auto', 'cpu' or 'cuda', for training; predictions are always made on the CPU.

    For the others see `ConcatenatingClassifier`; `max_features`, `harmonisation` and `unreliable` mean nothing here.

    A contribution is that of the modality as a whole: where in the box the network looked is the business of
    `radiogenomics.explanation.class_activation`.
    """

    def __init__(
        self,
        modalities: tuple[str, ...] | None = None,
        *,
        inner_folds: int = 3,
        inner_repeats: int = 1,
        max_features: int = 60,
        random_state: int = 20260101,
        harmonisation: SiteHarmonisation | None = None,
        unreliable: tuple[str, ...] = (),
        epochs: tuple[int, ...] = (10, 20, 40),
        members: int = 4,
        width: int = WIDTH,
        device: str = "auto",
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
        self.epochs = epochs
        self.members = members
        self.width = width
        self.device = device

    def candidates(self) -> list[dict[str, float]]:
        """Passes over the patients."""
        return [{"epochs": epochs} for epochs in sorted(set(self.epochs))]

    def boxes(self, X: np.ndarray) -> np.ndarray:
        """The boxes (n, 2, s, s, s) of rows that have them: image from 0 to 1, and mask."""
        (columns,) = self._used_blocks().values()
        return unpacked(X[:, columns])

    def networks(self) -> list[Weights]:
        """The weights of the fitted ensemble."""
        from safetensors.torch import load

        flat = load(self.weights_)
        return [
            {key.split("/", 1)[1]: value for key, value in flat.items() if key.startswith(f"{member}/")}
            for member in range(self.members)
        ]

    def _used_blocks(self) -> dict[str, np.ndarray]:
        blocks = super()._used_blocks()
        if len(blocks) != 1:
            raise TableError(
                f"a network over boxes reads one modality of voxels, found {sorted(blocks)}", rule="one_modality"
            )
        return blocks

    def _path(self, X: np.ndarray, target: np.ndarray, X_new: np.ndarray, seed: int) -> np.ndarray:
        new = self.boxes(X_new)
        return np.column_stack([predicted(ensemble, new) for ensemble in self._trained(X, target, seed)])

    def _trained(
        self, X: np.ndarray, target: np.ndarray, seed: int, epochs: list[int] | None = None
    ) -> list[list[Weights]]:
        return trained(
            self.boxes(X),
            target,
            epochs or [int(c["epochs"]) for c in self.candidates()],
            members=self.members,
            width=self.width,
            seed=seed,
            device=chosen_device(self.device),
        )

    def _fit_learner(self, X: np.ndarray, target: np.ndarray, chosen: int, seed: int) -> None:
        from safetensors.torch import save

        (ensemble,) = self._trained(X, target, seed, [int(self.candidates()[chosen]["epochs"])])
        self.weights_ = bytes(
            save({f"{m}/{name}": value for m, own in enumerate(ensemble) for name, value in own.items()})
        )
        self.base_log_odds_ = float(self._learner_log_odds(X).mean())

    def _learner_log_odds(self, X: np.ndarray) -> np.ndarray:
        return predicted(self.networks(), self.boxes(X))

    def _learner_contributions(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        names = self.contribution_names()
        (modality,) = self._used_blocks()
        if f"{modality}{SEPARATOR}{WHOLE}" not in names:
            raise TableError(f"modality '{modality}': not one of voxels by its name", rule="voxel_modality")
        result = np.zeros((len(X), len(names)))
        result[:, names.index(f"{modality}{SEPARATOR}{WHOLE}")] = self._learner_log_odds(X) - self.base_log_odds_
        return result, np.full(len(X), self.base_log_odds_)
