#include <sys/socket.h>

#include "calls/retry.h"
#include "lifetime/native_socket.h"
#include "sockaddr/sockaddr.h"
#include "values/arguments.h"
#include "values/record.h"

namespace sockbroker {

/* Wraps getsockname(2). Caps: none. #syscalls getsockname */
Napi::Value NativeSocket::Getsockname(const Napi::CallbackInfo& info) {
  if (!ReadArguments(info, "getsockname")) return {};
  SockaddrBuffer address;
  int error = Retry([&] { return getsockname(Fd(), address.Get(), &address.length); });
  if (error < 0) return Int(info.Env(), error);
  return DecodeSockaddr(info.Env(), address, Fd(), facts_);
}

}  // namespace sockbroker
