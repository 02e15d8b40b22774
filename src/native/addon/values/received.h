#pragma once

#include <napi.h>
#include <sys/socket.h>

#include <vector>

#include "lifetime/native_socket.h"
#include "sockaddr/sockaddr.h"
#include "values/cmsg.h"

namespace sockbroker {

/// Flags added to every recvmsg(2). MSG_CMSG_CLOEXEC only where descriptors can arrive, because
/// ISOTP and J1939 reject it.
constexpr int AddedReceiveFlags(int family) {
  return family == AF_UNIX ? MSG_DONTWAIT | MSG_CMSG_CLOEXEC : MSG_DONTWAIT;
}

/// Builds a `Received` of binding.ts. `length` is the return value of the system call, `flags` the
/// flags the caller passed.
Napi::Value ReceivedToRecord(Napi::Env env, Napi::Value data, size_t length, int flags,
                             const msghdr& header, const SockaddrBuffer& address,
                             std::vector<ControlMessage>& control, const NativeSocket& socket);

}  // namespace sockbroker
