#pragma once

#include <napi.h>

#include <cstdint>

namespace sockbroker {

/// Destination of one read: the environment's scratch buffer if it fits, otherwise an allocation,
/// limited to 16 MiB.
class ReceiveBuffer {
 public:
  /// `prepare_zeros` is for reads that may report bytes which the kernel never wrote.
  ReceiveBuffer(Napi::Env env, size_t size, bool prepare_zeros);
  ~ReceiveBuffer();
  ReceiveBuffer(const ReceiveBuffer&) = delete;

  /// Null if there is no memory.
  uint8_t* Data() const { return data_; }
  size_t Size() const { return size_; }
  /// Returns a Buffer with the first `count` bytes. Call it only once.
  Napi::Value Take(size_t count);

 private:
  Napi::Env env_;
  uint8_t* data_;
  size_t size_;
  bool owned_;
};

}  // namespace sockbroker
