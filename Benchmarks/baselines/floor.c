// The minimum of any runtime: `next`, receiving the event, sending a response, over one raw socket. Compiled as C++ with
// DECODES, it also decodes the event, which is the minimum of a function.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef DECODES
#include "anchor.hpp"
#endif

static char bytes[8 << 20];

int main(void) {
    const char *api = getenv("AWS_LAMBDA_RUNTIME_API");
    const char *colon = api ? strrchr(api, ':') : NULL;
    if (!colon) return 1;
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)atoi(colon + 1));
    int socket_ = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    if (connect(socket_, (struct sockaddr *)&address, sizeof address)) return 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    static const char next[] = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: h\r\n\r\n";
    static const char body[] = "{\"batchItemFailures\":[]}";
#ifdef DECODES
    Anchor anchor;
#endif
    for (;;) {
        if (send(socket_, next, sizeof next - 1, 0) < 0) return 1;
        size_t count = 0, need = 0, start = 0;
        while (!need || count < need) {
            ssize_t got = recv(socket_, bytes + count, sizeof bytes - 1 - count, 0);
            if (got <= 0) return 0;
            count += (size_t)got;
            bytes[count] = 0;
            char *end = need ? NULL : strstr(bytes, "\r\n\r\n");
            if (end) start = (size_t)(end - bytes) + 4;
            if (end) need = start + strtoul(strstr(bytes, "Content-Length: ") + 16, NULL, 10);
        }
#ifdef DECODES
        // simdjson requires padding after the event.
        if (!anchor.decode(padded_string_view(bytes + start, need - start, sizeof bytes - start))) return 1;
#endif
        char id[64] = "", request[512];
        sscanf(strstr(bytes, "Request-Id: ") + 12, "%63[^\r]", id);
        int size = snprintf(request, sizeof request,
            "POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n%s", id,
            sizeof body - 1, body);
        if (send(socket_, request, (size_t)size, 0) < 0) return 1;
        if (recv(socket_, request, sizeof request, 0) <= 0) return 0;
    }
}
