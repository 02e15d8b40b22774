#include <fcntl.h>

#include "calls/retry.h"
#include "lifetime/native_socket.h"
#include "values/arguments.h"
#include "values/record.h"

namespace sockbroker {

/* Wraps fcntl(2) F_DUPFD_CLOEXEC. Caps: none. #syscalls fcntl */
Napi::Value NativeSocket::Dup(const Napi::CallbackInfo& info) {
  if (!ReadArguments(info, "dup")) return {};
  int fd = Retry([&] { return fcntl(Fd(), F_DUPFD_CLOEXEC, 0); });
  if (fd < 0) return Int(info.Env(), fd);
  return NativeSocket::Make(info.Env(), IsReceived() ? UniqueFd::Received(fd) : UniqueFd(fd));
}

}  // namespace sockbroker
