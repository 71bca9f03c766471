"""What the plan of an experiment needs to be told of the configuration."""


def planned_model(wildcards):
    """Return what tells the base model's shape: its outline, or the documents that it is to be pretrained on."""
    if is_pretrained():
        return {"documents": "<results>/world/documents.parquet", "facts": "<results>/world/facts.parquet"}
    return {"outline": "<results>/plan/outline", "model_source": "<results>/plan/model_source.json"}


def planned_stages(wildcards):
    """Return what every stage selects and how it trains."""
    keys = ("method", "batch_size", "max_epochs", "patience")
    return {
        name: {
            "selects": selection(stage),
            "size_of": matched(stage),
            "steps_as": stage["steps_as"],
            **{key: own_or_common(stage, key) for key in keys},
        }
        for name, stage in config["stages"].items()
    }


def data_jobs():
    """Count the jobs that make the questions and the prompts."""
    downloads = config["data"]["source"] != "simulated"
    return 2 + downloads + (is_pretrained() or not downloads)


def cores(wildcards):
    """Return the number given by --cores; 1 where jobs run elsewhere."""
    return workflow.resource_settings.cores or 1
