// A C target needs a source file; everything is in the header, where Swift can inline it.
#include "CCurl.h"
