"""Odd but legal stanzas through Prosody: no user may end the stream of all."""

from odd import through
from peers import run

run(lambda stox: through(stox, "prosody"))
