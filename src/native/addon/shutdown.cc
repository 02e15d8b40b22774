#include <sys/socket.h>

#include "arguments.h"
#include "native_socket.h"
#include "record.h"
#include "retry.h"

namespace sockbroker {

/* Wraps shutdown(2). Caps: none. #syscalls shutdown */
Napi::Value NativeSocket::Shutdown(const Napi::CallbackInfo& info) {
  int32_t how;
  if (!ReadArguments(info, "shutdown", how)) return {};
  return Int(info.Env(), Retry([&] { return shutdown(Fd(), how); }));
}

}  // namespace sockbroker
