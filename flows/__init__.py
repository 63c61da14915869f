"""One file per Prefect flow, and the command line."""
