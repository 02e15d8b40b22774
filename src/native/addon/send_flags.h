#pragma once

#include <sys/socket.h>

#include <cerrno>

#include "socket_constants.h"

namespace sockbroker {

/// MSG_DONTWAIT because O_NONBLOCK may be gone: it belongs to the open description, which others
/// may share.
constexpr int AlwaysSendFlags = MSG_NOSIGNAL | MSG_DONTWAIT;

/// MSG_ZEROCOPY would send what the memory holds later, when JavaScript has put it to another use.
constexpr int CheckSendFlags(int flags) {
  return (flags & MSG_ZEROCOPY) != 0 ? -EOPNOTSUPP : 0;
}

}  // namespace sockbroker
