"""What is said of a training before it starts: time, quality, what is unusual. Loads no torch."""

from collections.abc import Callable, Sequence
from typing import Any

from clf_core.config import PRESETS, TUNED_PRESETS, Preset, TrainConfig, settings_of
from clf_core.results import DatasetSummary, RunSummary, Stage
from clf_core.results.plans import Advice, Judging, PresetCard
from clf_core.training.estimate import Work, courses, stage_seconds
from clf_core.training.recipes import ENOUGH_TO_JUDGE, RECIPES, variants_of
from clf_core.training.situation import Situation
from clf_core.workspace import Workspace

_LITE0_PARAMETERS = 3_370_000
_LITE0_MULTIPLY_ADDS = 385_000_000
_USUAL_SIDE = 224
_LEAST_COST = 0.01
"""Of a tiny network: reading and changing the pictures takes its time, too."""


class Plans:
    """Expectations of a training with some settings on some dataset. ``ref`` is a dataset's name or identifier."""

    def __init__(self, workspace: Workspace, runs: Callable[[], Sequence[RunSummary]]) -> None:
        self._workspace = workspace
        self._runs = runs

    def cards(self, ref: str, config: TrainConfig) -> tuple[PresetCard, ...]:
        """Return all presets as they are offered for a dataset, one of them recommended.

        Args:
            ref: the dataset.
            config: settings chosen so far; each card is about them, as far as its preset has a use for them.

        Raises:
            NotFoundError: no such dataset.
        """
        from clf_core.training import choosing

        dataset = self._workspace.datasets.find(ref)
        situation = self._situation(dataset, config)
        works = {preset: self._work(dataset, with_preset(config, preset)) for preset in PRESETS}
        seconds = {preset: sum(stage_seconds(work).values()) for preset, work in works.items()}
        best, reason = choosing.recommend(situation, seconds)
        return tuple(
            PresetCard(
                preset=preset,
                seconds=seconds[preset],
                at_most=preset in TUNED_PRESETS,
                measured=bool(work.learning if preset in TUNED_PRESETS else work.looking),
                what=choosing.what_it_does(preset),
                quality=choosing.quality(preset, situation),
                reason=reason if preset == best else "",
            )
            for preset, work in works.items()
        )

    def advice(self, ref: str, config: TrainConfig) -> tuple[Advice, ...]:
        """Return what is unusual about these settings for a dataset, the gravest first.

        Raises:
            NotFoundError: no such dataset.
        """
        from clf_core.training.advice import advise

        return advise(config, self._situation(self._workspace.datasets.find(ref), config))

    def seconds(self, ref: str, config: TrainConfig) -> float:
        """Return about how many seconds a run would take, at the pace of earlier runs here where there were such.

        Raises:
            NotFoundError: no such dataset.
        """
        return sum(self.stages(self._workspace.datasets.find(ref), config).values())

    def judging(self, ref: str, config: TrainConfig) -> Judging:
        """Return by which pictures a run would be judged, and whether it would go on to learn from them too.

        Raises:
            NotFoundError: no such dataset.
        """
        dataset = self._workspace.datasets.find(ref)
        val = dataset.splits.get("val", 0)
        some_to_spare = dataset.splits.get("train", 0) > len(dataset.classes)
        borrowed = config.preset in RECIPES and val < ENOUGH_TO_JUDGE and some_to_spare
        again = config.refit and "refit" in settings_of(config.preset) and config.minutes is None
        if again and not borrowed:
            again = val > 0 and (config.preset not in RECIPES or courses(self._work(dataset, config)) > 1)
        return Judging(validation=val, borrowed=borrowed, again=again)

    def stages(self, dataset: DatasetSummary, config: TrainConfig) -> dict[Stage, float]:
        """Return the same for each stage of the run."""
        return stage_seconds(self._work(dataset, config))

    def _work(self, dataset: DatasetSummary, config: TrainConfig) -> Work:
        from clf_core import device

        splits = dataset.splits
        _, cost = self._network(dataset, config)
        return Work(
            preset=config.preset,
            train=splits.get("train", 0),
            val=splits.get("val", 0),
            test=splits.get("test", 0),
            views=_views(config, splits.get("train", 0) + splits.get("val", 0)),
            epochs=config.epochs,
            budget=None if config.minutes is None else 60 * config.minutes,
            refit=config.refit,
            rate_given=config.learning_rate is not None,
            first_time=self._first_time(config),
            cost=cost,
            looking=self._rate(config, "quick"),
            learning=self._rate(config, config.preset) if config.preset in TUNED_PRESETS else None,
            gpu=device.likely(config.device) == "cuda",
        )

    def _rate(self, config: TrainConfig, preset: Preset) -> float | None:
        """Pictures per second of the newest run of a preset with this network."""
        alike = (
            run.images_per_second
            for run in self._runs()
            if run.preset == preset and (run.backbone == config.backbone or preset == "scratch")
        )
        return next((rate for rate in alike if rate > 0), None)

    def _first_time(self, config: TrainConfig) -> bool:
        if config.preset == "scratch" or config.continue_from:
            return False
        return self._workspace.backbones.spec(config.backbone) is None

    def _network(self, dataset: DatasetSummary, config: TrainConfig) -> tuple[int, float]:
        """Parameters (0 where unknown) and work for a picture over that of lite0 at 224 px, of the network trained."""
        if config.preset == "scratch":
            from clf_core.models.small_cnn_shapes import network_shape

            shape = network_shape(config.network, max(2, len(dataset.classes)))
            return shape.parameters, max(_LEAST_COST, shape.multiply_adds / _LITE0_MULTIPLY_ADDS)
        spec = self._workspace.backbones.spec(config.backbone)
        if spec is None:
            return 0, 1.0
        side = config.input_size or spec.preprocessing.input_size
        # Work grows with the number of weights only roughly; the first run here replaces the guess.
        return spec.parameters, spec.parameters / _LITE0_PARAMETERS * (side / _USUAL_SIDE) ** 2

    def _situation(self, dataset: DatasetSummary, config: TrainConfig) -> Situation:
        from clf_core import device
        from clf_core.data.mirroring import suggest

        parameters, _ = self._network(dataset, config)
        return Situation(
            classes={name: splits.get("train", 0) for name, splits in dataset.class_splits.items()},
            val=dataset.splits.get("val", 0),
            test=dataset.splits.get("test", 0),
            side=self._workspace.datasets.manifest(dataset.id, dataset.version).typical_side,
            device=device.likely(config.device),
            cores=device.cpu_count(),
            parameters=parameters,
            why_not_mirrored=suggest(tuple(dataset.classes)).reason,
        )


def _views(config: TrainConfig, pictures: int) -> int:
    """Variants of each picture that are looked at once."""
    if config.preset in RECIPES:
        return variants_of(config, pictures)[1]
    return config.view_count if config.augment.active and "views" in settings_of(config.preset) else 0


def with_preset(config: TrainConfig, preset: Preset) -> TrainConfig:
    """Return the same settings for another preset; those it has no use for are as if never set."""
    if config.preset == preset:
        return config
    kept: dict[str, Any] = {name: getattr(config, name) for name in settings_of(preset) & settings_of(config.preset)}
    return TrainConfig.model_validate({**kept, "preset": preset})
