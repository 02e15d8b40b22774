#include <sys/socket.h>

#include "arguments.h"
#include "native_socket.h"
#include "record.h"
#include "retry.h"

namespace sockbroker {

/* Wraps recv(2), into the caller's memory. Caps: none. #syscalls recvfrom */
Napi::Value NativeSocket::RecvInto(const Napi::CallbackInfo& info) {
  WritableSpan target;
  int32_t flags;
  if (!ReadArguments(info, "recvInto", target, flags)) return {};
  return Int(info.Env(),
             Retry([&] { return recv(Fd(), target.data(), target.size(), flags | MSG_DONTWAIT); }));
}

}  // namespace sockbroker
