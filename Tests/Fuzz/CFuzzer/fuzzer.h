#include <stddef.h>
#include <stdint.h>

// libFuzzer as a library; it comes with clang's runtime, without a header of its own.
// Source: https://llvm.org/docs/LibFuzzer.html#using-libfuzzer-as-a-library
int LLVMFuzzerRunDriver(int *count, char ***arguments, int (*test)(const uint8_t *bytes, size_t count));
