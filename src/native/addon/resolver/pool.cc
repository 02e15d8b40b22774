#include "resolver/pool.h"

#include <chrono>

#include "lifetime/thread.h"
#include "resolver/lookup.h"
#include "resolver/mailbox.h"

namespace sockbroker {

namespace {

/// How many unresponsive files can be read at once. The server limits how many of them belong to
/// one principal.
constexpr size_t FileThreads = 64;

constexpr auto IdleTime = std::chrono::seconds(5);

void Finish(std::unique_ptr<Lookup> lookup) {
  auto mailbox = lookup->mailbox;
  mailbox->Deliver(std::move(lookup));
}

}  // namespace

Pool& Pool::Get() {
  static Pool& pool = *new Pool();
  return pool;
}

Pool& Pool::ForFiles() {
  static Pool& pool = *new Pool(FileThreads);
  return pool;
}

void Pool::Add(std::unique_ptr<Lookup> lookup) {
  std::unique_lock lock(mutex_);
  waiting_.push_back(std::move(lookup));
  if (waiting_.size() <= idle_ || threads_ >= threads_max_) {
    added_.notify_one();
    return;
  }
  threads_++;
  int error = StartThread(RunThread, this);
  if (error == 0) return;
  // Running threads will pick it up. If there are none, it is refused, or its promise would never
  // settle.
  if (--threads_ > 0) return;
  auto refused = std::move(waiting_.back());
  waiting_.pop_back();
  lock.unlock();
  refused->refused = error;
  Finish(std::move(refused));
}

void Pool::SetThreadsMax(size_t count) {
  std::lock_guard lock(mutex_);
  threads_max_ = count;
  for (size_t unserved = waiting_.size(); unserved > 0 && threads_ < threads_max_; unserved--) {
    if (StartThread(RunThread, this) != 0) break;
    threads_++;
  }
  // Wakes idle threads above the new limit so that they exit.
  added_.notify_all();
}

void* Pool::RunThread(void* pool) {
  static_cast<Pool*>(pool)->Work();
  return nullptr;
}

void Pool::Work() {
  std::unique_lock lock(mutex_);
  while (threads_ <= threads_max_) {
    if (waiting_.empty()) {
      idle_++;
      bool timely = added_.wait_for(lock, IdleTime,
                                    [&] { return !waiting_.empty() || threads_ > threads_max_; });
      idle_--;
      if (!timely) break;
      continue;
    }
    auto lookup = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    lookup->Run();
    Finish(std::move(lookup));
    lock.lock();
  }
  threads_--;
}

}  // namespace sockbroker
