#include <arpa/inet.h>

#include <cerrno>
#include <string>

#include "functions.h"
#include "values/arguments.h"
#include "values/record.h"

namespace sockbroker {

namespace {

/// Size of a packed address in bytes; 0 for families without a text form.
size_t AddressBytes(int family) {
  return family == AF_INET ? sizeof(in_addr) : family == AF_INET6 ? sizeof(in6_addr) : 0;
}

}  // namespace

/* Wraps inet_aton(3). Caps: none. */
Napi::Value InetAton(const Napi::CallbackInfo& info) {
  std::string text;
  in_addr address;
  if (!ReadArguments(info, "inetAton", text)) return {};
  if (HasNul(text) || inet_aton(text.c_str(), &address) == 0) return info.Env().Null();
  return Bytes(info.Env(), &address, sizeof address);
}

/* Wraps inet_pton(3). Caps: none. */
Napi::Value InetPton(const Napi::CallbackInfo& info) {
  int32_t family;
  std::string text;
  if (!ReadArguments(info, "inetPton", family, text)) return {};
  size_t size = AddressBytes(family);
  uint8_t packed[sizeof(in6_addr)];
  if (size == 0) return Int(info.Env(), -EAFNOSUPPORT);
  if (HasNul(text) || inet_pton(family, text.c_str(), packed) != 1) return info.Env().Null();
  return Bytes(info.Env(), packed, size);
}

/* Wraps inet_ntop(3). Caps: none. */
Napi::Value InetNtop(const Napi::CallbackInfo& info) {
  int32_t family;
  ByteSpan packed;
  if (!ReadArguments(info, "inetNtop", family, packed)) return {};
  size_t size = AddressBytes(family);
  if (size == 0) return Int(info.Env(), -EAFNOSUPPORT);
  if (packed.size() != size) return Int(info.Env(), -EINVAL);
  char text[INET6_ADDRSTRLEN];
  if (inet_ntop(family, packed.data(), text, sizeof text) == nullptr)
    return Int(info.Env(), -errno);
  return Text(info.Env(), text);
}

}  // namespace sockbroker
