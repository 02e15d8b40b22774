#pragma once

#include <napi.h>
#include <sys/socket.h>

#include <cstring>
#include <optional>

#include "lifetime/native_socket.h"

namespace sockbroker {

/// Holds any socket address. Zeroed, so that bytes the kernel did not write decode as zeros.
struct SockaddrBuffer {
  sockaddr_storage storage;
  socklen_t length;

  SockaddrBuffer() { Clear(); }
  void Clear() {
    std::memset(&storage, 0, sizeof storage);
    length = sizeof storage;
  }
  sockaddr* Get() { return reinterpret_cast<sockaddr*>(&storage); }
  const uint8_t* Bytes() const { return reinterpret_cast<const uint8_t*>(&storage); }

  template <typename T>
  T Load() const {
    static_assert(sizeof(T) <= sizeof storage);
    T value;
    std::memcpy(&value, &storage, sizeof value);
    return value;
  }
  template <typename T>
  int Store(const T& value, size_t size = sizeof(T)) {
    static_assert(sizeof(T) <= sizeof storage);
    std::memcpy(&storage, &value, sizeof value);
    length = static_cast<socklen_t>(size);
    return 0;
  }
};

/// Used instead of a descriptor when there is no socket: interfaces are those of the calling
/// thread's network namespace.
constexpr int NoSocket = -2;

/// Converts a Sockaddr of binding.ts to a struct sockaddr. Returns 0 or -errno; empty after a
/// throw. Interfaces are looked up in the network namespace of `fd`; a closed one (-1) gives
/// -EBADF.
std::optional<int> EncodeSockaddr(napi_env env, napi_value address, int fd, SockaddrBuffer& out);

/// Converts a struct sockaddr to a Sockaddr. An unknown family, or an address too short for its
/// family, becomes kind "raw".
Napi::Value DecodeSockaddr(Napi::Env env, const SockaddrBuffer& address, int fd,
                           const SocketFacts& facts);
/// Like DecodeSockaddr, but null for an empty address.
Napi::Value DecodeSockaddrOrNull(Napi::Env env, const SockaddrBuffer& address, int fd,
                                 const SocketFacts& facts);

}  // namespace sockbroker
