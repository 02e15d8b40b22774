#pragma once

#include <sys/socket.h>

#include <cerrno>

#include "tables/socket_constants.h"

namespace sockbroker {

/// Flags added to every send. MSG_DONTWAIT, because a process that shares the open description may
/// have cleared O_NONBLOCK. MSG_NOSIGNAL for families that raise SIGPIPE; others (RDS, QIPCRTR,
/// AX.25, …) reject unknown flags. Node ignores SIGPIPE in any case.
constexpr int AddedSendFlags(int family) {
  switch (family) {
    case AF_UNIX:
    case AF_INET:
    case AF_INET6:
    case AF_TIPC:
    case AF_VSOCK:
    case AF_SMC:
      return MSG_DONTWAIT | MSG_NOSIGNAL;
    default:
      return MSG_DONTWAIT;
  }
}

/// MSG_ZEROCOPY is refused: the kernel would read the buffer after JavaScript has reused it.
constexpr int CheckSendFlags(int flags) {
  return (flags & MSG_ZEROCOPY) != 0 ? -EOPNOTSUPP : 0;
}

}  // namespace sockbroker
