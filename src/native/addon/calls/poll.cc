#include <poll.h>

#include <cerrno>

#include "calls/retry.h"
#include "functions.h"
#include "lifetime/native_socket.h"
#include "values/arguments.h"
#include "values/record.h"

namespace sockbroker {

/* Wraps poll(2) with a timeout of 0. Caps: none. #syscalls poll */
Napi::Value NativeSocket::Poll(const Napi::CallbackInfo& info) {
  int32_t events;
  if (!ReadArguments(info, "poll", events)) return {};
  // poll(2) ignores a negative descriptor instead of failing.
  if (!fd_) return Int(info.Env(), -EBADF);
  // What poll(2) returns for every file that does not support polling.
  constexpr int Always = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
  if (IsOpaque()) return Int(info.Env(), events & Always);
  pollfd one = {Fd(), static_cast<short>(events), 0};
  int result = Retry([&] { return poll(&one, 1, 0); });
  return Int(info.Env(), result < 0 ? result : one.revents);
}

/* Wraps poll(2) with a timeout of 0. Caps: none. #syscalls poll */
Napi::Value HasHungUp(const Napi::CallbackInfo& info) {
  uint32_t descriptor;
  if (!ReadArguments(info, "hasHungUp", descriptor)) return {};
  pollfd one = {static_cast<int>(descriptor), 0, 0};
  int result = Retry([&] { return poll(&one, 1, 0); });
  return Napi::Boolean::New(info.Env(), result > 0 && (one.revents & POLLHUP) != 0);
}

}  // namespace sockbroker
