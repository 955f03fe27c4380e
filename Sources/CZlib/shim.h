#ifndef CZLIB_H
#define CZLIB_H

#include <zlib.h>

/// A function for the macro `inflateInit2`, which Swift does not import.
static inline int czlib_inflate_init(z_streamp stream, int window_bits) { return inflateInit2(stream, window_bits); }

/// A function for the macro `deflateInit2`, which Swift does not import.
static inline int czlib_deflate_init(z_streamp stream, int level, int window_bits) {
    return deflateInit2(stream, level, Z_DEFLATED, window_bits, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY);
}

#endif
