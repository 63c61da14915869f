"""Files on disk: artefacts, locks, paths, and the record of a run."""
