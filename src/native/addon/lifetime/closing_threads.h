#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <unordered_set>
#include <vector>

namespace sockbroker {

/// Closes descriptors in the order in which they came, on a few threads of the process that end
/// when there is nothing left: for those whose close(2) waits for the kernel.
class ClosingThreads {
 public:
  /// Takes a descriptor over. False when no thread can be had: then it is still the caller's.
  bool Add(int fd);
  /// Takes a descriptor over in any case: without a thread it waits for the next one. `id` is among
  /// Ids until it is closed, unless it is 0.
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
