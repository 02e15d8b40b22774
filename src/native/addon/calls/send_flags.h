#pragma once

#include <sys/socket.h>

#include <cerrno>

#include "tables/socket_constants.h"

namespace sockbroker {

/// What every send gets. MSG_DONTWAIT because O_NONBLOCK may be gone: it belongs to the open
/// description, which others may share. MSG_NOSIGNAL for the families that would raise SIGPIPE;
/// some of the others (RDS, QIPCRTR, AX.25, …) refuse a flag that they do not know, and Node
/// ignores the signal in any case.
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

/// MSG_ZEROCOPY would send what the memory holds later, when JavaScript has put it to another use.
constexpr int CheckSendFlags(int flags) {
  return (flags & MSG_ZEROCOPY) != 0 ? -EOPNOTSUPP : 0;
}

}  // namespace sockbroker
