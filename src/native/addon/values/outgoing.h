#pragma once

#include <napi.h>
#include <sys/socket.h>

#include <optional>
#include <vector>

#include "sockaddr/sockaddr.h"

namespace sockbroker {

/// Where the parts of a msghdr live that are made for it.
struct OutgoingParts {
  SockaddrBuffer address;
  std::vector<uint8_t> control;
};

/// Fills in name and control of `header`, from `Sockaddr | null` and `ControlOut[]`. 0 or -errno;
/// empty after a throw.
std::optional<int> PrepareHeader(napi_env env, napi_value address, napi_value control, int fd,
                                 OutgoingParts& parts, msghdr& header);

}  // namespace sockbroker
