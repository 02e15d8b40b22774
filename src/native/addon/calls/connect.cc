#include <sys/socket.h>

#include <cerrno>

#include "lifetime/native_socket.h"
#include "sockaddr/sockaddr.h"
#include "values/arguments.h"
#include "values/record.h"

namespace sockbroker {

/* Wraps connect(2). Caps: none. #syscalls connect fcntl */
Napi::Value NativeSocket::Connect(const Napi::CallbackInfo& info) {
  Any address;
  SockaddrBuffer buffer;
  if (!ReadArguments(info, "connect", address)) return {};
  auto encoded = EncodeSockaddr(info.Env(), address.value, Fd(), buffer);
  if (!encoded) return {};
  if (*encoded < 0) return Int(info.Env(), *encoded);
  EnsureNonBlocking(Fd());
  if (connect(Fd(), buffer.Get(), buffer.length) == 0) return Int(info.Env(), 0);
  // connect(2) continues after EINTR. Calling it again would fail with EALREADY.
  return Int(info.Env(), errno == EINTR ? -EINPROGRESS : -errno);
}

}  // namespace sockbroker
