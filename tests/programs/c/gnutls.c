/* GnuTLS. */
#include "site.h"

#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>

static gnutls_certificate_credentials_t credentials;
static gnutls_priority_t priorities;
static gnutls_datum_t tickets;

static void checked(int result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", gnutls_strerror(result));
        exit(1);
    }
}

void library_start(const char *certificate, const char *key, const char *way) {
    (void)way;
    checked(gnutls_certificate_allocate_credentials(&credentials));
    checked(gnutls_certificate_set_x509_key_file(credentials, certificate, key, GNUTLS_X509_FMT_PEM));
    checked(gnutls_priority_init(&priorities, NULL, NULL));
    checked(gnutls_session_ticket_key_generate(&tickets));
    fprintf(stderr, "GnuTLS %s\n", gnutls_check_version(NULL));
}

struct channel {
    gnutls_session_t session;
};

struct channel *channel_open(int socket) {
    struct channel *channel = calloc(1, sizeof *channel);
    if (!channel) return NULL;
    static const gnutls_datum_t protocol = {(unsigned char *)"http/1.1", 8};
    int result = gnutls_init(&channel->session, GNUTLS_SERVER);
    if (result >= 0) {
        gnutls_priority_set(channel->session, priorities);
        gnutls_credentials_set(channel->session, GNUTLS_CRD_CERTIFICATE, credentials);
        gnutls_session_ticket_enable_server(channel->session, &tickets);
        gnutls_alpn_set_protocols(channel->session, &protocol, 1, 0);
        gnutls_transport_set_int(channel->session, socket);
        do result = gnutls_handshake(channel->session);
        while (result < 0 && !gnutls_error_is_fatal(result));
    }
    if (result < 0) {
        channel_close(channel);
        return NULL;
    }
    return channel;
}

void channel_close(struct channel *channel) {
    if (channel->session) gnutls_deinit(channel->session);
    free(channel);
}

long channel_read(struct channel *channel, char *buffer, size_t size) {
    ssize_t read;
    do read = gnutls_record_recv(channel->session, buffer, size);
    while (read == GNUTLS_E_AGAIN || read == GNUTLS_E_INTERRUPTED);
    return read;
}

int channel_write(struct channel *channel, const char *bytes, size_t size) {
    while (size > 0) {
        ssize_t written = gnutls_record_send(channel->session, bytes, size);
        if (written == GNUTLS_E_AGAIN || written == GNUTLS_E_INTERRUPTED) continue;
        if (written <= 0) return -1;
        bytes += written;
        size -= (size_t)written;
    }
    return 0;
}
