#ifndef CCURL_H
#define CCURL_H

// The type checks that curl.h wraps around its variadic macros see only the forwarding functions below.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

// Swift cannot call variadic C functions: one fixed-argument version for each kind of argument.

static inline CURLcode ccurl_set_long(CURL *_Nonnull easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode ccurl_set_large(CURL *_Nonnull easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}

/// libcurl copies `value`, except for CURLOPT_POSTFIELDS.
static inline CURLcode ccurl_set_string(CURL *_Nonnull easy, CURLoption option, const char *_Nullable value) {
    return curl_easy_setopt(easy, option, value);
}

/// libcurl keeps `value`: it must outlive the transfer.
static inline CURLcode ccurl_set_pointer(CURL *_Nonnull easy, CURLoption option, const void *_Nullable value) {
    return curl_easy_setopt(easy, option, value);
}

/// The signature that CURLOPT_WRITEFUNCTION and CURLOPT_HEADERFUNCTION share.
typedef size_t (*ccurl_sink)(char *_Nonnull bytes, size_t size, size_t count, void *_Nonnull context);

static inline CURLcode ccurl_set_sink(CURL *_Nonnull easy, CURLoption option, ccurl_sink _Nonnull sink) {
    return curl_easy_setopt(easy, option, sink);
}

static inline CURLcode ccurl_get_long(CURL *_Nonnull easy, CURLINFO info, long *_Nonnull value) {
    return curl_easy_getinfo(easy, info, value);
}

/// The socket of a connection that was made with CURLOPT_CONNECT_ONLY; -1 when it is gone.
static inline CURLcode ccurl_get_socket(CURL *_Nonnull easy, long *_Nonnull value) {
    curl_socket_t socket = CURL_SOCKET_BAD;
    CURLcode code = curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &socket);
    *value = (long)socket;
    return code;
}

/// Leaves nothing but HTTP and HTTPS; the option that newer releases replaced is used only where there is no other.
static inline CURLcode ccurl_allow_only_http(CURL *_Nonnull easy) {
#if LIBCURL_VERSION_NUM >= 0x075500
    return curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    return curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

/// Lets a transfer end without waiting for a name lookup that hangs in a thread of libcurl's own.
static inline CURLcode ccurl_abandon_lookups(CURL *_Nonnull easy) {
#if LIBCURL_VERSION_NUM >= 0x075700
    return curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#else
    (void)easy;
    return CURLE_OK;
#endif
}

/// The result of the one transfer that `multi` holds, once it is done; -1 while it is not.
static inline int ccurl_finished(CURLM *_Nonnull multi) {
    int left = 0;
    for (CURLMsg *message; (message = curl_multi_info_read(multi, &left)) != NULL;)
        if (message->msg == CURLMSG_DONE) return (int)message->data.result;
    return -1;
}

/// Version of libcurl and of the libraries it uses, such as `libcurl/7.88.1 OpenSSL/3.0.22 zlib/1.2.13`.
static inline const char *_Nonnull ccurl_version(void) { return curl_version(); }

#endif
