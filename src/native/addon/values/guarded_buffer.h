#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace sockbroker {

/// Memory for kernel writes whose size depends on a request chosen by the caller. It ends at an
/// inaccessible page: if the kernel writes more than the given length, the call fails with EFAULT
/// instead of corrupting memory.
class GuardedBuffer {
 public:
  static constexpr size_t Capacity = 65536;

  /// Returns null if there is no memory.
  static std::unique_ptr<GuardedBuffer> Map();
  GuardedBuffer(const GuardedBuffer&) = delete;
  GuardedBuffer& operator=(const GuardedBuffer&) = delete;
  ~GuardedBuffer();

  /// Returns `size` zeroed bytes (at most Capacity) that end at the guard page. Not aligned. Valid
  /// until the next call.
  uint8_t* Take(size_t size);

 private:
  explicit GuardedBuffer(uint8_t* start) : start_(start) {}

  uint8_t* start_;
};

}  // namespace sockbroker
