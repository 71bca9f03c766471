"""Settings and folders of a short stage, for tests."""

from pathlib import Path

from gradual_learning.jobs import resume
from gradual_learning.models.loading import Loading
from gradual_learning.training.finetuning import StageFolders
from gradual_learning.training.settings import FinetuningSettings, LoraSettings

SETTINGS = FinetuningSettings(
    seed=1,
    method="lora",
    prompt="Q: {question}\nA:",
    learning_rate=5e-3,
    lr_scheduler_type="constant_with_warmup",
    warmup_ratio=0.0,
    batch_size=8,
    num_train_epochs=4,
    early_stopping_patience=9,
    weight_decay=0.0,
    lora=LoraSettings(4, 8, 0.0),
    loading=Loading("float32"),
)


def folders(place: Path) -> StageFolders:
    """Return the folders of a stage in ``place``; an interrupted run finds its work folder again."""
    return StageFolders(place / "best", place / "last", resume.open_work_folder(place / "work", ["stage"]))
