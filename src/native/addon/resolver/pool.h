#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>

namespace sockbroker {

class Lookup;

/// Threads for calls that may block for long, shared by the process: one pool for the resolver and
/// one for reading files. libuv's pool is not used, because an unresponsive name server would block
/// all file and crypto work there. Threads start on demand and exit when idle.
class Pool {
 public:
  /// Never destroyed, because a thread may be inside getaddrinfo(3) while the process exits.
  static Pool& Get();
  static Pool& ForFiles();

  Pool() = default;
  explicit Pool(size_t threads_max) : threads_max_(threads_max) {}

  void Add(std::unique_ptr<Lookup> lookup);
  void SetThreadsMax(size_t count);

 private:
  static void* RunThread(void* pool);
  void Work();

  std::mutex mutex_;
  std::condition_variable added_;
  std::deque<std::unique_ptr<Lookup>> waiting_;
  size_t threads_ = 0;
  size_t idle_ = 0;
  size_t threads_max_ = 4;
};

}  // namespace sockbroker
