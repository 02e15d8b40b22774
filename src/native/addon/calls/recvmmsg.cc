#include <limits.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <new>

#include "calls/retry.h"
#include "lifetime/environment.h"
#include "lifetime/native_socket.h"
#include "values/arguments.h"
#include "values/received.h"
#include "values/record.h"

namespace sockbroker {

namespace {

constexpr size_t BytesMax = 16 * 1024 * 1024;

size_t Align(size_t size) {
  return (size + alignof(cmsghdr) - 1) & ~(alignof(cmsghdr) - 1);
}

}  // namespace

/* Wraps recvmmsg(2). Caps: none. #syscalls recvmmsg */
Napi::Value NativeSocket::Recvmmsg(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  uint32_t count, size, control_size;
  int32_t flags;
  if (!ReadArguments(info, "recvmmsg", count, size, control_size, flags)) return {};
  if (count == 0) return Int(env, -EINVAL);
  control_size = std::min<uint32_t>(control_size, ControlBytesMax);
  size = std::min<uint32_t>(size, BytesMax);
  size_t stride = Align(size) + Align(control_size);
  // Limits total memory by receiving fewer messages.
  size_t slots = std::clamp<size_t>(BytesMax / std::max<size_t>(stride, 1), 1,
                                    std::min<size_t>(count, IOV_MAX));

  std::unique_ptr<uint8_t[]> owned;
  if (slots * stride > Environment::ScratchBytes) {
    owned.reset(new (std::nothrow) uint8_t[slots * stride]);
    if (owned == nullptr) return Int(env, -ENOMEM);
  }
  uint8_t* memory = owned == nullptr ? Environment::Of(env).scratch.get() : owned.get();
  // With MSG_TRUNC, streams return a length but write no data, and the memory has that of others.
  if ((flags & MSG_TRUNC) != 0 && facts_.type == SOCK_STREAM) {
    std::memset(memory, 0, slots * stride);
  }
  std::vector<SockaddrBuffer> addresses(slots);
  std::vector<iovec> vectors(slots);
  std::vector<mmsghdr> headers(slots);
  for (size_t i = 0; i < slots; i++) {
    uint8_t* slot = memory + i * stride;
    vectors[i] = {slot, size};
    msghdr& header = headers[i].msg_hdr;
    header.msg_name = addresses[i].Get();
    header.msg_namelen = sizeof addresses[i].storage;
    header.msg_iov = &vectors[i];
    header.msg_iovlen = 1;
    header.msg_control = slot + Align(size);
    header.msg_controllen = control_size;
  }
  int received = Retry([&] {
    return recvmmsg(Fd(), headers.data(), static_cast<unsigned>(slots),
                    flags | AddedReceiveFlags(facts_.family), nullptr);
  });
  if (received < 0) return Int(env, received);

  std::vector<std::vector<ControlMessage>> controls;
  for (int i = 0; i < received; i++) controls.push_back(ReadControl(headers[i].msg_hdr));
  auto array = Napi::Array::New(env, static_cast<size_t>(received));
  for (uint32_t i = 0; i < static_cast<uint32_t>(received); i++) {
    Napi::HandleScope scope(env);
    size_t length = headers[i].msg_len;
    addresses[i].length = headers[i].msg_hdr.msg_namelen;
    Napi::Value data = Bytes(env, vectors[i].iov_base, std::min<size_t>(length, size));
    Napi::Value record = ReceivedToRecord(env, data, length, flags, headers[i].msg_hdr,
                                          addresses[i], controls[i], *this);
    if (record.IsEmpty()) return {};
    array.Set(i, record);
  }
  return array;
}

}  // namespace sockbroker
