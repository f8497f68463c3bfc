/* OpenSSL 1.1 and 3, in the ways that programs at hand do not use:
 *   read   SSL_read, SSL_write
 *   ex     SSL_read_ex, SSL_write_ex
 *   peek   SSL_peek before each SSL_read, which then takes half of what was seen
 * Early data (SSL_read_early_data) in all of them; renegotiation as far as the client asks for it. */
#include "site.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum way { READ, EX, PEEK };

static SSL_CTX *context;
static enum way way;

static void give_up(void) {
    ERR_print_errors_fp(stderr);
    exit(1);
}

/* Speaks HTTP/1.1 when the client offers any protocol. */
static int select_protocol(SSL *ssl, const unsigned char **out, unsigned char *size, const unsigned char *offered,
                           unsigned int offered_size, void *nothing) {
    static const unsigned char ours[] = "\x08http/1.1";
    (void)ssl, (void)nothing;
    int found = SSL_select_next_proto((unsigned char **)out, size, ours, sizeof ours - 1, offered, offered_size);
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

void library_start(const char *certificate, const char *key, const char *word) {
    way = !strcmp(word, "ex") ? EX : !strcmp(word, "peek") ? PEEK : READ;
    context = SSL_CTX_new(TLS_server_method());
    if (!context || SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
        give_up();
    static const unsigned char name[] = "picket";
    SSL_CTX_set_session_id_context(context, name, sizeof name - 1);
    SSL_CTX_set_max_early_data(context, 16384);
    SSL_CTX_set_alpn_select_cb(context, select_protocol, NULL);
#ifdef SSL_OP_ALLOW_CLIENT_RENEGOTIATION
    SSL_CTX_set_options(context, SSL_OP_ALLOW_CLIENT_RENEGOTIATION);
#endif
    fprintf(stderr, "%s\n", OpenSSL_version(OPENSSL_VERSION));
}

struct channel {
    SSL *ssl;
    int early; /* Early data may still come. */
};

struct channel *channel_open(int socket) {
    struct channel *channel = calloc(1, sizeof *channel);
    if (!channel) return NULL;
    channel->ssl = SSL_new(context);
    channel->early = 1;
    if (!channel->ssl || SSL_set_fd(channel->ssl, socket) != 1) {
        channel_close(channel);
        return NULL;
    }
    SSL_set_accept_state(channel->ssl);
    return channel;
}

void channel_close(struct channel *channel) {
    /* Else the session is forgotten. */
    SSL_shutdown(channel->ssl);
    SSL_free(channel->ssl);
    free(channel);
}

/* Ends early data and the handshake; 0 when it worked. */
static int settle(struct channel *channel, char *buffer, size_t size, size_t *read) {
    int state = SSL_read_early_data(channel->ssl, buffer, size, read);
    if (state == SSL_READ_EARLY_DATA_SUCCESS) return 0;
    *read = 0;
    channel->early = 0;
    return state == SSL_READ_EARLY_DATA_FINISH && SSL_do_handshake(channel->ssl) == 1 ? 0 : -1;
}

long channel_read(struct channel *channel, char *buffer, size_t size) {
    size_t read = 0;
    if (channel->early) {
        if (settle(channel, buffer, size, &read) < 0) return -1;
        if (read > 0) return (long)read;
    }
    if (way == EX) return SSL_read_ex(channel->ssl, buffer, size, &read) == 1 ? (long)read : 0;
    if (way == PEEK) {
        int seen = SSL_peek(channel->ssl, buffer, (int)size);
        if (seen <= 0) return 0;
        size = (size_t)(seen + 1) / 2;
    }
    return SSL_read(channel->ssl, buffer, (int)size);
}

int channel_write(struct channel *channel, const char *bytes, size_t size) {
    size_t written;
    /* Before the client's Finished: what answers early data. */
    if (channel->early) return SSL_write_early_data(channel->ssl, bytes, size, &written) == 1 ? 0 : -1;
    if (way == EX) return SSL_write_ex(channel->ssl, bytes, size, &written) == 1 ? 0 : -1;
    return SSL_write(channel->ssl, bytes, (int)size) > 0 ? 0 : -1;
}
