"""From target weights to whole shares in round lots."""
