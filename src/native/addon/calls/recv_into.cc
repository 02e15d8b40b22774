#include <sys/socket.h>

#include "calls/retry.h"
#include "lifetime/native_socket.h"
#include "values/arguments.h"
#include "values/record.h"

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
