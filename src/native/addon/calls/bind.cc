#include <sys/socket.h>

#include "calls/retry.h"
#include "lifetime/native_socket.h"
#include "sockaddr/sockaddr.h"
#include "values/arguments.h"
#include "values/record.h"

namespace sockbroker {

/* Wraps bind(2). Caps: net_bind_service for ports below 1024. #syscalls bind */
Napi::Value NativeSocket::Bind(const Napi::CallbackInfo& info) {
  Any address;
  SockaddrBuffer buffer;
  if (!ReadArguments(info, "bind", address)) return {};
  auto encoded = EncodeSockaddr(info.Env(), address.value, Fd(), buffer);
  if (!encoded) return {};
  if (*encoded < 0) return Int(info.Env(), *encoded);
  return Int(info.Env(), Retry([&] { return bind(Fd(), buffer.Get(), buffer.length); }));
}

}  // namespace sockbroker
