#pragma once

#include <napi.h>
#include <sys/socket.h>

#include <vector>

#include "lifetime/native_socket.h"
#include "sockaddr/sockaddr.h"
#include "values/cmsg.h"

namespace sockbroker {

/// What every recvmsg(2) gets. MSG_CMSG_CLOEXEC where descriptors can come; ISOTP and J1939 refuse
/// it.
constexpr int AddedReceiveFlags(int family) {
  return family == AF_UNIX ? MSG_DONTWAIT | MSG_CMSG_CLOEXEC : MSG_DONTWAIT;
}

/// A `Received` of binding.ts. `length` is what the kernel returned, `flags` what the caller asked
/// for.
Napi::Value ReceivedToRecord(Napi::Env env, Napi::Value data, size_t length, int flags,
                             const msghdr& header, const SockaddrBuffer& address,
                             std::vector<ControlMessage>& control, const NativeSocket& socket);

}  // namespace sockbroker
