#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>

namespace sockbroker {

class Lookup;

/// Threads for calls that may wait for long: a pool for the resolver, and one for reading files,
/// which are the process's. They are not libuv's: a name server that does
/// not answer would hold up everyone's file and crypto work there. They start on demand and end
/// when idle.
class Pool {
 public:
  /// Never destroyed: a thread may be inside getaddrinfo(3) while the process exits.
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
