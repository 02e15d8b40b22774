#include <sys/socket.h>

#include "calls/retry.h"
#include "lifetime/native_socket.h"
#include "sockaddr/sockaddr.h"
#include "values/arguments.h"
#include "values/record.h"

namespace sockbroker {

/* Wraps accept4(2). Caps: none. #syscalls accept4 fcntl */
Napi::Value NativeSocket::Accept(const Napi::CallbackInfo& info) {
  if (!ReadArguments(info, "accept")) return {};
  SockaddrBuffer address;
  // AF_ALG sockets have no addresses; accept4(2) fails with ECONNABORTED when asked for one.
  bool named = facts_.family != AF_ALG;
  EnsureNonBlocking(Fd());
  int fd = Retry([&] {
    address.Clear();
    if (!named) address.length = 0;
    return accept4(Fd(), named ? address.Get() : nullptr, named ? &address.length : nullptr,
                   SOCK_CLOEXEC | SOCK_NONBLOCK);
  });
  if (fd < 0) return Int(info.Env(), fd);
  UniqueFd accepted(fd);
  Record record(info.Env());
  record.Set("socket", NativeSocket::Make(info.Env(), std::move(accepted)));
  record.Set("address", DecodeSockaddrOrNull(info.Env(), address, Fd(), facts_));
  return record.Done();
}

}  // namespace sockbroker
