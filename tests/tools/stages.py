"""Settings of a short stage, from which tests depart, and folders for it."""

from pathlib import Path

from gradual_learning import models, scratch, training

SETTINGS = training.Finetuning(
    seed=1,
    method="lora",
    prompt="Q: {question}\nA:",
    learning_rate=5e-3,
    schedule="constant",
    warmup_ratio=0.0,
    batch_size=8,
    max_epochs=4,
    patience=9,
    weight_decay=0.0,
    lora=training.Lora(4, 8, 0.0),
    loading=models.Loading("float32"),
)


def folders(place: Path) -> dict[str, Path]:
    """Name the folders of a stage below a place, where a run that was cut off left them."""
    node_disk = place / "node disk"
    node_disk.mkdir(parents=True, exist_ok=True)
    work = scratch.open_scratch(place / "work", ["t"])
    return {"best": place / "best", "convergence": place / "convergence", "work": work, "node_disk": node_disk}
