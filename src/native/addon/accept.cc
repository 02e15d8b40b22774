#include <sys/socket.h>

#include "arguments.h"
#include "native_socket.h"
#include "record.h"
#include "retry.h"
#include "sockaddr/sockaddr.h"

namespace sockbroker {

/* Wraps accept4(2). Caps: none. #syscalls accept4 fcntl */
Napi::Value NativeSocket::Accept(const Napi::CallbackInfo& info) {
  if (!ReadArguments(info, "accept")) return {};
  SockaddrBuffer address;
  EnsureNonBlocking(Fd());
  int fd = Retry([&] {
    address.Clear();
    return accept4(Fd(), address.Get(), &address.length, SOCK_CLOEXEC | SOCK_NONBLOCK);
  });
  if (fd < 0) return Int(info.Env(), fd);
  UniqueFd accepted(fd);
  Record record(info.Env());
  record.Set("socket", NativeSocket::Make(info.Env(), std::move(accepted)));
  record.Set("address", DecodeSockaddrOrNull(info.Env(), address, Fd(), facts_));
  return record.Done();
}

}  // namespace sockbroker
