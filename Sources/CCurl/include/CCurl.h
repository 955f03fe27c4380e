#ifndef CCURL_H
#define CCURL_H

// The type checks in curl.h's variadic macros apply only to the forwarding functions below.
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

/// Returns the socket of a connection opened with CURLOPT_CONNECT_ONLY, or -1 if it is closed.
static inline CURLcode ccurl_get_socket(CURL *_Nonnull easy, long *_Nonnull value) {
    curl_socket_t socket = CURL_SOCKET_BAD;
    CURLcode code = curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &socket);
    *value = (long)socket;
    return code;
}

/// Restricts a transfer to HTTP and HTTPS, with the deprecated option only if the new one is not available.
static inline CURLcode ccurl_allow_only_http(CURL *_Nonnull easy) {
#if LIBCURL_VERSION_NUM >= 0x075500
    return curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    return curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

/// Allows a transfer to end without waiting for a pending name lookup in one of libcurl's threads.
static inline CURLcode ccurl_abandon_lookups(CURL *_Nonnull easy) {
#if LIBCURL_VERSION_NUM >= 0x075700
    return curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#else
    (void)easy;
    return CURLE_OK;
#endif
}

/// Returns the result of the only transfer of `multi`, or -1 while it is running.
static inline int ccurl_finished(CURLM *_Nonnull multi) {
    int left = 0;
    for (CURLMsg *message; (message = curl_multi_info_read(multi, &left)) != NULL;)
        if (message->msg == CURLMSG_DONE) return (int)message->data.result;
    return -1;
}

/// Returns the versions of libcurl and its libraries, such as `libcurl/7.88.1 OpenSSL/3.0.22 zlib/1.2.13`.
static inline const char *_Nonnull ccurl_version(void) { return curl_version(); }

#endif
