/* server.h - a server that is named by hand, in the forms that options and the configuration have.
 */
#pragma once

#include "base/buf.h"

/* "host", "host:port" or "[v6]:port"; without a port *port stays.  False when it is none. */
bool server_read(struct slice text, char host[256], uint16_t *port);
/* Whether the URI of a registrar, which may lack its scheme, has a port. */
bool server_names_port(struct slice registrar);
/* The URI of a registrar without its port; NULL when memory is out. */
char *server_without_port(const char *registrar);
/* The URI to register at: `registrar`, which may lack its scheme and, where `port` is not 0, its
 * port; or the pool itself, by TLS at `port` if there is one. */
void server_put_registrar(struct buf *b, struct slice registrar, struct slice pool, uint16_t port);
