#pragma once

#include <napi.h>

#include <cstdint>

namespace sockbroker {

/// Where one read lands: the environment's scratch if it fits, an allocation otherwise, of no more
/// than 16 MiB whatever was asked for.
class ReceiveBuffer {
 public:
  /// `prepare_zeros` for reads that may report bytes which the kernel never wrote.
  ReceiveBuffer(Napi::Env env, size_t size, bool prepare_zeros);
  ~ReceiveBuffer();
  ReceiveBuffer(const ReceiveBuffer&) = delete;

  /// Null if there is no memory.
  uint8_t* Data() const { return data_; }
  size_t Size() const { return size_; }
  /// A Buffer of the first `count` bytes. Once only.
  Napi::Value Take(size_t count);

 private:
  Napi::Env env_;
  uint8_t* data_;
  size_t size_;
  bool owned_;
};

}  // namespace sockbroker
