#pragma once

#include <napi.h>
#include <sys/socket.h>

#include <cstring>
#include <optional>

#include "lifetime/native_socket.h"

namespace sockbroker {

/// Room for any socket address. Zeroed, so that what the kernel left unwritten decodes as zeros.
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

/// In place of a descriptor: there is no socket, interfaces are those of the calling thread's
/// network namespace.
constexpr int NoSocket = -2;

/// Sockaddr of binding.ts to struct sockaddr. 0 or -errno; empty after a throw. `fd` says in which
/// network namespace the interfaces are; for a closed one (-1) the answer is -EBADF.
std::optional<int> EncodeSockaddr(napi_env env, napi_value address, int fd, SockaddrBuffer& out);

/// struct sockaddr to Sockaddr. What is too short for its family, or of a family unknown here, is
/// of kind "raw".
Napi::Value DecodeSockaddr(Napi::Env env, const SockaddrBuffer& address, int fd,
                           const SocketFacts& facts);
/// The same, with null for no address at all.
Napi::Value DecodeSockaddrOrNull(Napi::Env env, const SockaddrBuffer& address, int fd,
                                 const SocketFacts& facts);

}  // namespace sockbroker
