"""The tools of the catalogue, one file per topic."""
