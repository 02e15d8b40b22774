#include <cerrno>

#include "lifetime/native_socket.h"
#include "values/arguments.h"
#include "values/record.h"

namespace sockbroker {

/* The only function that gives a descriptor's number to JavaScript. */
Napi::Value NativeSocket::Release(const Napi::CallbackInfo& info) {
  if (!ReadArguments(info, "release")) return {};
  if (!fd_) return Int(info.Env(), -EBADF);
  poller_.Close();
  return Int(info.Env(), fd_.Release());
}

}  // namespace sockbroker
