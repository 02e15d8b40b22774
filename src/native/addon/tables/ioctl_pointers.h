#pragma once

#include <cstdint>
#include <vector>

#include "values/arguments.h"
#include "values/guarded_buffer.h"

namespace sockbroker {

/// Whether the struct of the request holds the address of another. A caller's address means nothing
/// here, so what it points to follows the struct in the argument and in the answer.
bool HoldsPointer(uint32_t request);

/// ioctl(2) of such a request. 0, with the answer in `answer`, or -errno.
int IoctlWithPointer(int fd, uint32_t request, ByteSpan argument, GuardedBuffer& guarded,
                     std::vector<uint8_t>& answer);

}  // namespace sockbroker
