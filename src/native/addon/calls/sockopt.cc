#include <linux/filter.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "calls/retry.h"
#include "lifetime/environment.h"
#include "lifetime/native_socket.h"
#include "tables/sockopt_pointers.h"
#include "values/arguments.h"
#include "values/guarded_buffer.h"
#include "values/record.h"

namespace sockbroker {

namespace {

constexpr uint32_t OptionBytesMax = GuardedBuffer::Capacity;

/// Calls getsockopt(2) into `value`. Returns the number of bytes written (at most `size`), or
/// -errno.
int Get(int fd, int level, int name, uint8_t* value, size_t size) {
  bool filter = CountsInstructions(level, name);
  socklen_t length = 0;
  int error = Retry([&] {
    length = static_cast<socklen_t>(filter ? size / sizeof(sock_filter) : size);
    return getsockopt(fd, level, name, value, &length);
  });
  if (error < 0) return error;
  // With length 0 the kernel returns the number of instructions and writes nothing.
  if (filter && length * sizeof(sock_filter) > size) return -EINVAL;
  // Some options report the length they would need rather than the length written.
  return static_cast<int>(std::min<size_t>(filter ? length * sizeof(sock_filter) : length, size));
}

Napi::Value Set(napi_env env, int fd, int level, int name, const void* value, socklen_t length) {
  return Int(env, Retry([&] { return setsockopt(fd, level, name, value, length); }));
}

}  // namespace

/* Wraps getsockopt(2). Caps: none. #syscalls getsockopt */
Napi::Value NativeSocket::GetsockoptInt(const Napi::CallbackInfo& info) {
  int32_t level, name;
  if (!ReadArguments(info, "getsockoptInt", level, name)) return {};
  if (RefusesReading(level, name)) return Int(info.Env(), -EOPNOTSUPP);
  int value = 0;
  if (CountsInstructions(level, name)) {
    socklen_t count = 0;
    int error = Retry([&] { return getsockopt(Fd(), level, name, nullptr, &count); });
    if (error < 0) return Int(info.Env(), error);
    value = static_cast<int>(count);
  } else {
    uint8_t* bytes = Environment::Of(info.Env()).guarded->Take(sizeof value);
    int length = Get(Fd(), level, name, bytes, sizeof value);
    if (length < 0) return Int(info.Env(), length);
    std::memcpy(&value, bytes, sizeof value);
    // Some options return a single byte whatever the length given.
    if (length == 1) value = bytes[0];
  }
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
  if (RefusesReading(level, name)) return Int(info.Env(), -EOPNOTSUPP);
  // Must be zeroed: some options (MPTCP_FULL_INFO) read destination addresses from this buffer.
  uint8_t* value = Environment::Of(info.Env()).guarded->Take(size);
  int length = Get(Fd(), level, name, value, size);
  if (length < 0) return Int(info.Env(), length);
  return Bytes(info.Env(), value, static_cast<size_t>(length));
}

/* Wraps setsockopt(2). Caps: depends on the option. #syscalls setsockopt */
Napi::Value NativeSocket::SetsockoptInt(const Napi::CallbackInfo& info) {
  int32_t level, name, value;
  if (!ReadArguments(info, "setsockoptInt", level, name, value)) return {};
  if (Classify(level, name) != OptionValue::Plain) return Int(info.Env(), -EOPNOTSUPP);
  return Set(info.Env(), Fd(), level, name, &value, sizeof value);
}

/* Wraps setsockopt(2). Caps: depends on the option. #syscalls setsockopt */
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
  // data() of an empty span may be null, and some options treat NULL specially.
  const uint8_t nothing = 0;
  return Set(info.Env(), Fd(), level, name, value.empty() ? &nothing : value.data(),
             static_cast<socklen_t>(value.size()));
}

/* Wraps setsockopt(2). Caps: depends on the option. #syscalls setsockopt */
Napi::Value NativeSocket::SetsockoptNull(const Napi::CallbackInfo& info) {
  int32_t level, name;
  uint32_t length;
  if (!ReadArguments(info, "setsockoptNull", level, name, length)) return {};
  if (Classify(level, name) != OptionValue::Plain) return Int(info.Env(), -EOPNOTSUPP);
  return Set(info.Env(), Fd(), level, name, nullptr, length);
}

}  // namespace sockbroker
