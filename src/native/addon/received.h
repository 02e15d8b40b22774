#pragma once

#include <napi.h>
#include <sys/socket.h>

#include <vector>

#include "cmsg.h"
#include "native_socket.h"
#include "sockaddr/sockaddr.h"

namespace sockbroker {

/// A `Received` of binding.ts. `length` is what the kernel returned, `flags` what the caller asked
/// for.
Napi::Value ReceivedToRecord(Napi::Env env, Napi::Value data, size_t length, int flags,
                             const msghdr& header, const SockaddrBuffer& address,
                             std::vector<ControlMessage>& control, const NativeSocket& socket);

}  // namespace sockbroker
