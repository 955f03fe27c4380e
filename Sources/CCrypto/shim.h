#ifndef CCRYPTO_H
#define CCRYPTO_H

// OpenSSL 3 marks the one-shot MD5 and HMAC functions as deprecated. They have the same result as their successors, without
// fetching an algorithm from a provider first.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/md5.h>
#include <openssl/opensslv.h>
#include <openssl/sha.h>

#endif
