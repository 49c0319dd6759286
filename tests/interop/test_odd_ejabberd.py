"""Odd but legal stanzas through ejabberd: no user may end the stream of all."""

from odd import through
from peers import run

run(lambda stox: through(stox, "ejabberd"))
