#include <sys/sendfile.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "arguments.h"
#include "native_socket.h"
#include "record.h"
#include "retry.h"

namespace sockbroker {

/* Wraps sendfile(2). Caps: none. #syscalls sendfile fcntl */
Napi::Value NativeSocket::Sendfile(const Napi::CallbackInfo& info) {
  NativeSocket* source;
  std::optional<uint64_t> offset;
  uint32_t count;
  if (!ReadArguments(info, "sendfile", source, offset, count)) return {};
  // The kernel looks at the source first, and could blame that.
  if (!fd_) return Int(info.Env(), -EBADF);
  if (offset > static_cast<uint64_t>(INT64_MAX)) return Int(info.Env(), -EINVAL);
  off_t position = static_cast<off_t>(offset.value_or(0));
  // There is no MSG_NOSIGNAL here; Node ignores SIGPIPE for the whole process.
  EnsureNonBlocking(Fd());
  return Int(info.Env(), Retry([&] {
               return sendfile(Fd(), source->Fd(), offset ? &position : nullptr, count);
             }));
}

}  // namespace sockbroker
