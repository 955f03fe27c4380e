// A C target needs a source file; all functions are in the header, so that Swift can inline them.
#include "CCurl.h"
