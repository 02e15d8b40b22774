#include <poll.h>

#include <cerrno>

#include "lifetime/environment.h"
#include "lifetime/native_socket.h"
#include "values/arguments.h"
#include "values/record.h"

namespace sockbroker {

/* Watches by uv_poll. Caps: none. #syscalls epoll_ctl ioctl */
Napi::Value NativeSocket::Watch(const Napi::CallbackInfo& info) {
  int32_t events;
  std::optional<Callable> on_ready;
  if (!ReadArguments(info, "watch", events, on_ready)) return {};
  Napi::Env env = info.Env();
  if (!fd_) return Int(env, -EBADF);
  if (IsOpaque()) return Int(env, -EPERM);
  if ((events & ~(POLLIN | POLLOUT | POLLPRI | POLLRDHUP)) != 0) return Int(env, -EINVAL);
  if (events != 0 && !on_ready && !poller_.HasCallback()) {
    Napi::TypeError::New(env, "watch: argument 2 must be a function").ThrowAsJavaScriptException();
    return {};
  }
  auto function = on_ready ? Napi::Function(env, on_ready->value) : Napi::Function();
  return Int(env, poller_.Watch(Environment::Of(env), Fd(), events, function));
}

Napi::Value NativeSocket::Ref(const Napi::CallbackInfo& info) {
  if (!ReadArguments(info, "ref")) return {};
  poller_.Ref(true);
  return info.Env().Undefined();
}

Napi::Value NativeSocket::Unref(const Napi::CallbackInfo& info) {
  if (!ReadArguments(info, "unref")) return {};
  poller_.Ref(false);
  return info.Env().Undefined();
}

}  // namespace sockbroker
