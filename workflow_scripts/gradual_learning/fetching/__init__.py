"""The only way to the network: models and data sets of the hub, and files of the web."""
