#pragma once

#include <cstdint>
#include <vector>

#include "values/arguments.h"
#include "values/guarded_buffer.h"

namespace sockbroker {

/// Whether the request's struct contains a pointer to another struct. A caller's pointers are
/// meaningless here, so the pointed-to struct follows in the argument and in the answer.
bool HoldsPointer(uint32_t request);

/// ioctl(2) for such a request. Returns 0 with the result in `answer`, or -errno.
int IoctlWithPointer(int fd, uint32_t request, ByteSpan argument, GuardedBuffer& guarded,
                     std::vector<uint8_t>& answer);

}  // namespace sockbroker
