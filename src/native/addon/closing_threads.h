#pragma once

#include <cstddef>
#include <deque>
#include <mutex>

namespace sockbroker {

/// Closes descriptors in the order in which they came, on a few threads of the process that end
/// when there is nothing left: for those whose close(2) waits for the kernel.
class ClosingThreads {
 public:
  /// Takes a descriptor over. False when no thread can be had: then it is still the caller's.
  bool Add(int fd);

 private:
  static constexpr size_t ThreadsMax = 8;

  static void* Run(void* threads);
  void Work();

  std::mutex mutex_;
  std::deque<int> waiting_;
  size_t threads_ = 0;
};

}  // namespace sockbroker
