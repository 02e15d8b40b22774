#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "calls/retry.h"
#include "lifetime/native_socket.h"
#include "values/arguments.h"
#include "values/receive_buffer.h"
#include "values/received.h"
#include "values/record.h"

namespace sockbroker {

/* Wraps recvmsg(2). Caps: none. #syscalls recvmsg */
Napi::Value NativeSocket::Recvmsg(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  uint32_t size, control_size;
  int32_t flags;
  if (!ReadArguments(info, "recvmsg", size, control_size, flags)) return {};
  ReceiveBuffer buffer(env, size, (flags & MSG_TRUNC) != 0);
  if (buffer.Data() == nullptr) return Int(env, -ENOMEM);
  alignas(cmsghdr) uint8_t small[512];
  std::vector<uint8_t> large;
  control_size = std::min<uint32_t>(control_size, ControlBytesMax);
  if (control_size > sizeof small) large.resize(control_size);

  SockaddrBuffer address;
  msghdr header;
  iovec vector = {buffer.Data(), buffer.Size()};
  ssize_t received = Retry([&] {
    header = {};
    header.msg_name = address.Get();
    header.msg_namelen = sizeof address.storage;
    header.msg_iov = &vector;
    header.msg_iovlen = 1;
    header.msg_control = large.empty() ? small : large.data();
    header.msg_controllen = control_size;
    return recvmsg(Fd(), &header, flags | AddedReceiveFlags(facts_.family));
  });
  if (received < 0) return Int(env, received);
  auto control = ReadControl(header);
  address.length = header.msg_namelen;
  auto length = static_cast<size_t>(received);
  return ReceivedToRecord(env, buffer.Take(length), length, flags, header, address, control, *this);
}

}  // namespace sockbroker
