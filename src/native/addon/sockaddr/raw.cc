#include <algorithm>
#include <cerrno>
#include <cstddef>

#include "sockaddr/codecs.h"

namespace sockbroker {

namespace {
constexpr size_t DataOffset = sizeof(sa_family_t);
}

Encoded EncodeRaw(napi_env env, napi_value address, int, SockaddrBuffer& out) {
  uint16_t family;
  ByteSpan data;
  if (!ReadProperty(env, address, "family", family) || !ReadProperty(env, address, "data", data))
    return {};
  // The kernel's error for an address longer than sockaddr_storage.
  if (data.size() > sizeof out.storage - DataOffset) return -EINVAL;
  out.storage.ss_family = family;
  std::copy(data.begin(), data.end(), reinterpret_cast<uint8_t*>(&out.storage) + DataOffset);
  out.length = static_cast<socklen_t>(DataOffset + data.size());
  return 0;
}

Napi::Value DecodeRaw(Napi::Env env, const SockaddrBuffer& address, int) {
  size_t size = std::clamp<size_t>(address.length, DataOffset, sizeof address.storage);
  Record record(env);
  record.Set("kind", "raw");
  record.Set("family", static_cast<uint32_t>(address.storage.ss_family));
  record.Set("data", Bytes(env, address.Bytes() + DataOffset, size - DataOffset));
  return record.Done();
}

}  // namespace sockbroker
