#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace sockbroker {

/// Memory for what the kernel writes when a caller has chosen the request. It ends where a page
/// begins that may not be touched: where the kernel writes more than the length that it was given,
/// the call fails with EFAULT, and nothing of ours is overwritten.
class GuardedBuffer {
 public:
  static constexpr size_t Capacity = 65536;

  /// Null when there is no memory.
  static std::unique_ptr<GuardedBuffer> Map();
  GuardedBuffer(const GuardedBuffer&) = delete;
  GuardedBuffer& operator=(const GuardedBuffer&) = delete;
  ~GuardedBuffer();

  /// `size` zeroed bytes, Capacity at most, whose last is next to the guard page. Not aligned.
  /// Valid until the next call.
  uint8_t* Take(size_t size);

 private:
  explicit GuardedBuffer(uint8_t* start) : start_(start) {}

  uint8_t* start_;
};

}  // namespace sockbroker
