#include "lifetime/closing_threads.h"

#include <unistd.h>

#include "lifetime/thread.h"

namespace sockbroker {

bool ClosingThreads::Add(int fd) {
  std::lock_guard lock(mutex_);
  Push({fd, 0});
  if (threads_ > 0) return true;
  waiting_.pop_back();
  return false;
}

void ClosingThreads::Take(int fd, uint32_t id) {
  std::lock_guard lock(mutex_);
  if (id != 0) ids_.insert(id);
  Push({fd, id});
}

std::vector<uint32_t> ClosingThreads::Ids() {
  std::lock_guard lock(mutex_);
  return {ids_.begin(), ids_.end()};
}

void ClosingThreads::Push(Descriptor descriptor) {
  waiting_.push_back(descriptor);
  if (threads_ < ThreadsMax && threads_ < waiting_.size() && StartThread(Run, this) == 0) {
    threads_++;
  }
}

void* ClosingThreads::Run(void* threads) {
  static_cast<ClosingThreads*>(threads)->Work();
  return nullptr;
}

void ClosingThreads::Work() {
  std::unique_lock lock(mutex_);
  while (!waiting_.empty()) {
    Descriptor next = waiting_.front();
    waiting_.pop_front();
    lock.unlock();
    close(next.fd);
    lock.lock();
    auto id = ids_.find(next.id);
    if (id != ids_.end()) ids_.erase(id);
  }
  threads_--;
}

}  // namespace sockbroker
