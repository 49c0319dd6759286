"""Odd but legal stanzas through jabberd2: no user may end the stream of all.

Mild ones only: between its own parts jabberd2 2.7 writes quotes, "<" and "&" of a namespace as they are, declares a prefix or a
default twice in one tag, and takes attributes of one local name for the same.  That ends these links, which are not ours: it is
started anew then."""

from odd import through
from peers import run

run(lambda stox: through(stox, "jabberd2", mild=True, again=20))
