"""Downloads: models and data sets from the hub, and files from the web. No other package uses the network."""
