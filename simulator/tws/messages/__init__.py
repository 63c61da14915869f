"""The frames of the TWS protocol at server version 178: one file per topic, exact to the field."""
