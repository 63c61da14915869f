"""One thin adapter per stage: fetch, call the pure function, write the artefact, log."""
