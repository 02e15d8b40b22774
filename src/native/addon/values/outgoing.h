#pragma once

#include <napi.h>
#include <sys/socket.h>

#include <optional>
#include <vector>

#include "sockaddr/sockaddr.h"

namespace sockbroker {

/// Storage for the parts of a msghdr that have to be built.
struct OutgoingParts {
  SockaddrBuffer address;
  std::vector<uint8_t> control;
};

/// Fills in the name and control of `header` from `Sockaddr | null` and `ControlOut[]`. Returns 0
/// or -errno; empty after a throw.
std::optional<int> PrepareHeader(napi_env env, napi_value address, napi_value control, int fd,
                                 OutgoingParts& parts, msghdr& header);

}  // namespace sockbroker
