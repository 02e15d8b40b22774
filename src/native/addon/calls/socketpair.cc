#include <sys/socket.h>

#include "calls/retry.h"
#include "functions.h"
#include "lifetime/native_socket.h"
#include "values/arguments.h"
#include "values/record.h"

namespace sockbroker {

/* Wraps socketpair(2). Caps: none. #syscalls socketpair */
Napi::Value Socketpair(const Napi::CallbackInfo& info) {
  int32_t family, type, protocol;
  if (!ReadArguments(info, "socketpair", family, type, protocol)) return {};
  int pair[2];
  int error = Retry(
      [&] { return socketpair(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol, pair); });
  if (error < 0) return Int(info.Env(), error);
  UniqueFd first(pair[0]), second(pair[1]);
  Napi::Value a = NativeSocket::Make(info.Env(), std::move(first));
  if (a.IsEmpty()) return {};
  Napi::Value b = NativeSocket::Make(info.Env(), std::move(second));
  if (b.IsEmpty()) return {};
  auto array = Napi::Array::New(info.Env(), 2);
  array.Set(0u, a);
  array.Set(1u, b);
  return array;
}

}  // namespace sockbroker
