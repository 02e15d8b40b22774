#include "closing_threads.h"

#include <unistd.h>

#include "thread.h"

namespace sockbroker {

bool ClosingThreads::Add(int fd) {
  std::lock_guard lock(mutex_);
  waiting_.push_back(fd);
  if (threads_ < ThreadsMax && threads_ < waiting_.size() && StartThread(Run, this) == 0) {
    threads_++;
  }
  if (threads_ > 0) return true;
  waiting_.pop_back();
  return false;
}

void* ClosingThreads::Run(void* threads) {
  static_cast<ClosingThreads*>(threads)->Work();
  return nullptr;
}

void ClosingThreads::Work() {
  std::unique_lock lock(mutex_);
  while (!waiting_.empty()) {
    int fd = waiting_.front();
    waiting_.pop_front();
    lock.unlock();
    close(fd);
    lock.lock();
  }
  threads_--;
}

}  // namespace sockbroker
