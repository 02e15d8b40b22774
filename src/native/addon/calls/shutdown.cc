#include <sys/socket.h>

#include "calls/retry.h"
#include "lifetime/native_socket.h"
#include "values/arguments.h"
#include "values/record.h"

namespace sockbroker {

/* Wraps shutdown(2). Caps: none. #syscalls shutdown */
Napi::Value NativeSocket::Shutdown(const Napi::CallbackInfo& info) {
  int32_t how;
  if (!ReadArguments(info, "shutdown", how)) return {};
  return Int(info.Env(), Retry([&] { return shutdown(Fd(), how); }));
}

}  // namespace sockbroker
