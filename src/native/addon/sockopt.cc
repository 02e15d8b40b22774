#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "arguments.h"
#include "native_socket.h"
#include "record.h"
#include "retry.h"
#include "sockopt_pointers.h"

namespace sockbroker {

namespace {

constexpr uint32_t OptionBytesMax = 65536;

Napi::Value Set(napi_env env, int fd, int level, int name, const void* value, socklen_t length) {
  return Int(env, Retry([&] { return setsockopt(fd, level, name, value, length); }));
}

}  // namespace

/* Wraps getsockopt(2). Caps: none. #syscalls getsockopt */
Napi::Value NativeSocket::GetsockoptInt(const Napi::CallbackInfo& info) {
  int32_t level, name;
  if (!ReadArguments(info, "getsockoptInt", level, name)) return {};
  if (AnswersDescriptor(level, name)) return Int(info.Env(), -EOPNOTSUPP);
  int value = 0;
  socklen_t length = sizeof value;
  int error = Retry([&] { return getsockopt(Fd(), level, name, &value, &length); });
  if (error < 0) return Int(info.Env(), error);
  // Some options answer a single byte, whatever they are asked for.
  if (length == 1) value = *reinterpret_cast<const uint8_t*>(&value);
  Record record(info.Env());
  record.Set("value", value);
  return record.Done();
}

/* Wraps getsockopt(2). Caps: none. #syscalls getsockopt */
Napi::Value NativeSocket::Getsockopt(const Napi::CallbackInfo& info) {
  int32_t level, name;
  uint32_t size;
  if (!ReadArguments(info, "getsockopt", level, name, size)) return {};
  if (size > OptionBytesMax) return Int(info.Env(), -EINVAL);
  if (AnswersDescriptor(level, name)) return Int(info.Env(), -EOPNOTSUPP);
  // Zeroed, not only against leaks: some options (TCP_ZEROCOPY_RECEIVE) read addresses to write to
  // from here.
  uint8_t small[256] = {};
  std::vector<uint8_t> large(size > sizeof small ? size : 0);
  uint8_t* value = size > sizeof small ? large.data() : small;
  socklen_t length = size;
  int error = Retry([&] { return getsockopt(Fd(), level, name, value, &length); });
  if (error < 0) return Int(info.Env(), error);
  // Some options answer the length that they would have liked.
  return Bytes(info.Env(), value, std::min<size_t>(length, size));
}

/* Wraps setsockopt(2). Caps: as the option wants. #syscalls setsockopt */
Napi::Value NativeSocket::SetsockoptInt(const Napi::CallbackInfo& info) {
  int32_t level, name, value;
  if (!ReadArguments(info, "setsockoptInt", level, name, value)) return {};
  if (Classify(level, name) != OptionValue::Plain) return Int(info.Env(), -EOPNOTSUPP);
  return Set(info.Env(), Fd(), level, name, &value, sizeof value);
}

/* Wraps setsockopt(2). Caps: as the option wants. #syscalls setsockopt */
Napi::Value NativeSocket::Setsockopt(const Napi::CallbackInfo& info) {
  int32_t level, name;
  ByteSpan value;
  if (!ReadArguments(info, "setsockopt", level, name, value)) return {};
  switch (Classify(level, name)) {
    case OptionValue::Foreign:
      return Int(info.Env(), -EOPNOTSUPP);
    case OptionValue::Filter:
      return Int(info.Env(), SetFilter(Fd(), level, name, value));
    case OptionValue::Plain:
      break;
  }
  if (value.size() > OptionBytesMax) return Int(info.Env(), -EINVAL);
  // An empty array has no address, and NULL means something to some options.
  const uint8_t nothing = 0;
  return Set(info.Env(), Fd(), level, name, value.empty() ? &nothing : value.data(),
             static_cast<socklen_t>(value.size()));
}

/* Wraps setsockopt(2). Caps: as the option wants. #syscalls setsockopt */
Napi::Value NativeSocket::SetsockoptNull(const Napi::CallbackInfo& info) {
  int32_t level, name;
  uint32_t length;
  if (!ReadArguments(info, "setsockoptNull", level, name, length)) return {};
  if (Classify(level, name) != OptionValue::Plain) return Int(info.Env(), -EOPNOTSUPP);
  return Set(info.Env(), Fd(), level, name, nullptr, length);
}

}  // namespace sockbroker
