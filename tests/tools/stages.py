"""Settings of a short stage, from which tests depart."""

from gradual_learning import models, training

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
