#include <sys/socket.h>

#include <cerrno>

#include "calls/retry.h"
#include "lifetime/native_socket.h"
#include "values/arguments.h"
#include "values/receive_buffer.h"
#include "values/record.h"

namespace sockbroker {

/* Wraps recv(2). Caps: none. #syscalls recvfrom */
Napi::Value NativeSocket::Recv(const Napi::CallbackInfo& info) {
  uint32_t size;
  int32_t flags;
  if (!ReadArguments(info, "recv", size, flags)) return {};
  // With MSG_TRUNC, TCP returns a length but writes no data.
  ReceiveBuffer buffer(info.Env(), size, (flags & MSG_TRUNC) != 0);
  if (buffer.Data() == nullptr) return Int(info.Env(), -ENOMEM);
  ssize_t received =
      Retry([&] { return recv(Fd(), buffer.Data(), buffer.Size(), flags | MSG_DONTWAIT); });
  return received < 0 ? Int(info.Env(), received) : buffer.Take(static_cast<size_t>(received));
}

}  // namespace sockbroker
