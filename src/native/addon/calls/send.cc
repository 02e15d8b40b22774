#include <sys/socket.h>

#include "calls/retry.h"
#include "calls/send_flags.h"
#include "lifetime/native_socket.h"
#include "values/arguments.h"
#include "values/record.h"

namespace sockbroker {

/* Wraps send(2). Caps: none. #syscalls sendto */
Napi::Value NativeSocket::Send(const Napi::CallbackInfo& info) {
  ByteSpan data;
  int32_t flags;
  if (!ReadArguments(info, "send", data, flags)) return {};
  if (int error = CheckSendFlags(flags)) return Int(info.Env(), error);
  return Int(info.Env(), Retry([&] {
               return send(Fd(), data.data(), data.size(), flags | AddedSendFlags(facts_.family));
             }));
}

}  // namespace sockbroker
