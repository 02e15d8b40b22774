#include <sys/socket.h>

#include "calls/retry.h"
#include "lifetime/native_socket.h"
#include "values/arguments.h"
#include "values/record.h"

namespace sockbroker {

/* Wraps listen(2). Caps: none. #syscalls listen */
Napi::Value NativeSocket::Listen(const Napi::CallbackInfo& info) {
  int32_t backlog;
  if (!ReadArguments(info, "listen", backlog)) return {};
  return Int(info.Env(), Retry([&] { return listen(Fd(), backlog); }));
}

}  // namespace sockbroker
