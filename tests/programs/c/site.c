/* HTTP/1.1 as little as the scenarios need, a thread for each connection, over any TLS library.
 * usage: PROGRAM WAY CERTIFICATE KEY PORT ADDRESS... */
#define _GNU_SOURCE
#include "site.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINE 8192

struct stream {
    struct channel *channel;
    char bytes[16384];
    size_t from, to;
};

/* At least one more byte; 0 at the end. */
static int fill(struct stream *in) {
    if (in->from < in->to) return 1;
    long read = channel_read(in->channel, in->bytes, sizeof in->bytes);
    in->from = 0;
    in->to = read > 0 ? (size_t)read : 0;
    return read > 0;
}

/* A line without its end; -1 at the end of the stream, or when it is too long. */
static int line(struct stream *in, char *out) {
    size_t length = 0;
    while (fill(in)) {
        char byte = in->bytes[in->from++];
        if (byte == '\n') {
            if (length > 0 && out[length - 1] == '\r') length--;
            out[length] = 0;
            return 0;
        }
        if (length + 1 >= LINE) return -1;
        out[length++] = byte;
    }
    return -1;
}

static int skip(struct stream *in, unsigned long length) {
    while (length > 0) {
        if (!fill(in)) return -1;
        size_t now = in->to - in->from;
        if (now > length) now = length;
        in->from += now;
        length -= now;
    }
    return 0;
}

static int answer(struct stream *in, int status, const char *body) {
    char head[512];
    int length = snprintf(head, sizeof head, "HTTP/1.1 %d Answer\r\nContent-Length: %zu\r\n\r\n%s", status,
                          strlen(body), body);
    return channel_write(in->channel, head, (size_t)length);
}

static int big(struct stream *in, unsigned long length) {
    char piece[32768], head[128];
    int size = snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %lu\r\n\r\n", length);
    if (channel_write(in->channel, head, (size_t)size) < 0) return -1;
    for (size_t i = 0; i < sizeof piece; i++) piece[i] = "0123456789abcdef"[i % 16];
    while (length > 0) {
        size_t now = length < sizeof piece ? length : sizeof piece;
        if (channel_write(in->channel, piece, now) < 0) return -1;
        length -= now;
    }
    return 0;
}

static int chunked(struct stream *in) {
    const char *head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    if (channel_write(in->channel, head, strlen(head)) < 0) return -1;
    for (int n = 0; n < 10; n++) {
        char chunk[32];
        int size = snprintf(chunk, sizeof chunk, "8\r\nchunk %d\n\r\n", n);
        if (channel_write(in->channel, chunk, (size_t)size) < 0) return -1;
    }
    return channel_write(in->channel, "0\r\n\r\n", 5);
}

/* Sends back what comes. The answer is the one to the key of RFC 6455 section 1.3, which the client uses. */
static int websocket(struct stream *in) {
    const char *head = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                       "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    if (channel_write(in->channel, head, strlen(head)) < 0) return -1;
    while (fill(in)) {
        if (channel_write(in->channel, in->bytes + in->from, in->to - in->from) < 0) return -1;
        in->from = in->to;
    }
    return -1;
}

/* One request and its answer; -1 when the connection is to be closed. */
static int exchange(struct stream *in) {
    char first[LINE], field[LINE], target[LINE], body[64];
    unsigned long length = 0, total = 0, n = 0;
    int is_chunked = 0, upgrade = 0;
    if (line(in, first) < 0 || sscanf(first, "%*s %8191s", target) != 1) return -1;
    for (;;) {
        if (line(in, field) < 0) return -1;
        if (!*field) break;
        if (!strncasecmp(field, "content-length:", 15)) length = strtoul(field + 15, NULL, 10);
        if (!strncasecmp(field, "transfer-encoding:", 18)) is_chunked = strcasestr(field, "chunked") != NULL;
        if (!strncasecmp(field, "upgrade:", 8)) upgrade = 1;
    }
    total = length;
    if (skip(in, length) < 0) return -1;
    while (is_chunked) {
        if (line(in, field) < 0) return -1;
        unsigned long size = strtoul(field, NULL, 16);
        total += size;
        if (skip(in, size) < 0 || line(in, field) < 0) return -1;
        if (size == 0) break;
    }
    if (sscanf(target, "/id/%lu", &n) == 1) {
        static const int statuses[5] = {200, 201, 404, 410, 502};
        snprintf(body, sizeof body, "id %lu\n", n);
        return answer(in, statuses[n % 5], body);
    }
    if (!strncmp(target, "/length/", 8)) {
        snprintf(body, sizeof body, "length %lu\n", total);
        return answer(in, 200, body);
    }
    if (sscanf(target, "/big/%lu", &n) == 1) return big(in, n);
    if (!strncmp(target, "/chunked/", 9)) return chunked(in);
    if (upgrade && !strncmp(target, "/ws/", 4)) return websocket(in);
    return answer(in, 400, "not known\n");
}

static void *serve(void *socket) {
    struct stream in = {.channel = channel_open((int)(long)socket)};
    if (in.channel) {
        while (exchange(&in) == 0) {
        }
        channel_close(in.channel);
    }
    close((int)(long)socket);
    return NULL;
}

static void *listening(void *listener) {
    for (;;) {
        long socket = accept((int)(long)listener, NULL, NULL);
        if (socket < 0) continue;
        int on = 1;
        setsockopt((int)socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        pthread_t thread;
        pthread_attr_t small;
        pthread_attr_init(&small);
        pthread_attr_setstacksize(&small, 512 * 1024);
        pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
        if (pthread_create(&thread, &small, serve, (void *)socket) != 0) close((int)socket);
        pthread_attr_destroy(&small);
    }
    return NULL;
}

static int listener(const char *address, const char *port) {
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *found;
    int failed = getaddrinfo(address, port, &wanted, &found);
    if (failed) {
        fprintf(stderr, "%s: %s\n", address, gai_strerror(failed));
        exit(1);
    }
    int on = 1, socket_ = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(socket_, found->ai_addr, found->ai_addrlen) < 0 || listen(socket_, 512) < 0) {
        perror(address);
        exit(1);
    }
    freeaddrinfo(found);
    return socket_;
}

int main(int count, char **words) {
    if (count < 6) {
        fprintf(stderr, "usage: %s WAY CERTIFICATE KEY PORT ADDRESS...\n", words[0]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    library_start(words[2], words[3], words[1]);
    for (int i = 5; i < count; i++) {
        pthread_t thread;
        int socket_ = listener(words[i], words[4]);
        if (i + 1 == count) listening((void *)(long)socket_);
        if (pthread_create(&thread, NULL, listening, (void *)(long)socket_) != 0) return 1;
    }
    return 0;
}
