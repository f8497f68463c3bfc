/* A TLS connection as the HTTP server sees it, and what a TLS library gives. */
#ifndef SITE_H
#define SITE_H

#include <stddef.h>

struct channel;

/* Reads up to `size` bytes; 0 at the end, negative on failure. */
long channel_read(struct channel *channel, char *buffer, size_t size);
/* Writes all of it; negative on failure. */
int channel_write(struct channel *channel, const char *bytes, size_t size);

/* Once: loads certificate and key (PEM). `way` is the last argument's word. Ends the program on failure. */
void library_start(const char *certificate, const char *key, const char *way);
/* The handshake on an accepted socket; null when it fails. */
struct channel *channel_open(int socket);
void channel_close(struct channel *channel);

#endif
