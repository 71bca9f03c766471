"""Downloads: models and data sets from the hub, wheels from the package index, files from the web.

No other package uses the network.
"""
