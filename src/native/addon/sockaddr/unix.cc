#include <sys/un.h>

#include <cerrno>
#include <cstddef>

#include "sockaddr/codecs.h"

namespace sockbroker {

namespace {
constexpr size_t PathOffset = offsetof(sockaddr_un, sun_path);
}

Encoded EncodeUnix(napi_env env, napi_value address, int, SockaddrBuffer& out) {
  ByteSpan path;
  if (!ReadProperty(env, address, "path", path)) return {};
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  bool abstract = !path.empty() && path[0] == 0;
  // A path needs room for a terminating NUL; an abstract name has none.
  if (path.size() > sizeof un.sun_path - (abstract ? 0 : 1)) return -ENAMETOOLONG;
  if (path.empty()) return out.Store(un, PathOffset);
  std::memcpy(un.sun_path, path.data(), path.size());
  return out.Store(un, PathOffset + path.size() + (abstract ? 0 : 1));
}

Napi::Value DecodeUnix(Napi::Env env, const SockaddrBuffer& address, int) {
  // A path may fill sun_path, with its terminator beyond it in the larger storage.
  size_t size = std::min<size_t>(address.length, sizeof address.storage) - PathOffset;
  auto* path = reinterpret_cast<const char*>(address.Bytes() + PathOffset);
  if (size > 0 && path[0] != 0) size = strnlen(path, size);
  Record record(env);
  record.Set("kind", "unix");
  record.Set("path", Bytes(env, path, size));
  return record.Done();
}

}  // namespace sockbroker
