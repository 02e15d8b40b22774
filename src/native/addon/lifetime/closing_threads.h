#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <unordered_set>
#include <vector>

namespace sockbroker {

/// Closes descriptors in the order in which they were added, on a few process-wide threads that
/// exit when idle. For descriptors whose close(2) blocks in the kernel.
class ClosingThreads {
 public:
  /// Takes ownership of a descriptor. Returns false if no thread can be started; the caller then
  /// keeps it.
  bool Add(int fd);
  /// Takes ownership of a descriptor unconditionally. If no thread can be started, it is closed
  /// with the next descriptor that is added. A nonzero `id` is listed by Ids() until the descriptor
  /// is closed.
  void Take(int fd, uint32_t id);
  std::vector<uint32_t> Ids();

 private:
  static constexpr size_t ThreadsMax = 8;

  static void* Run(void* threads);
  void Work();

  struct Descriptor {
    int fd;
    uint32_t id;
  };
  void Push(Descriptor descriptor);

  std::mutex mutex_;
  std::deque<Descriptor> waiting_;
  std::unordered_multiset<uint32_t> ids_;
  size_t threads_ = 0;
};

}  // namespace sockbroker
