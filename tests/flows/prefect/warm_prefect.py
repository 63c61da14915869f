"""Prefect's own command, run by a warm process: it has imported Prefect already."""

import sys

from prefect.cli import app
from prefect.context import refresh_global_settings_context


def main(arguments):
    """Be the command ``prefect``, with the settings of this process's environment."""
    refresh_global_settings_context()  # those of the import are of whoever ran the tests
    sys.argv = ["prefect", *arguments]
    try:
        app()
    except SystemExit as ended:
        return ended.code or 0
    return 0
