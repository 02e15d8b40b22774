#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <iterator>

#include "lifetime/closing_threads.h"
#include "lifetime/thread.h"
#include "lifetime/unique_fd.h"

namespace sockbroker {

namespace {

// Callers choose SO_LINGER, so the number of threads it can occupy must be bounded.
constexpr int LingeringThreadsMax = 64;
std::atomic<int> lingering_threads{0};

/// What close(2) of a descriptor can block on.
enum class Wait { Nothing, Kernel, Linger };

/// Families whose close(2) blocks: until an RCU grace period of about 15 ms has passed, or until
/// pending transfers are sent. Closing these late does not cause EADDRINUSE for another socket.
constexpr int WaitingFamilies[] = {AF_PACKET, AF_XDP, AF_KEY, AF_CAN, AF_TIPC};

template <typename T, size_t N>
bool Contains(const T (&values)[N], T value) {
  return std::find(std::begin(values), std::end(values), value) != std::end(values);
}

bool Lingers(int fd) {
  linger value{};
  socklen_t length = sizeof value;
  return getsockopt(fd, SOL_SOCKET, SO_LINGER, &value, &length) == 0 && value.l_onoff != 0 &&
         value.l_linger > 0;
}

Wait WaitOf(int fd) {
  int family = 0;
  socklen_t length = sizeof family;
  if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &length) != 0) return Wait::Nothing;
  if (Contains(WaitingFamilies, family)) return Wait::Kernel;
  // SMC lingers for two minutes by default.
  return family == AF_SMC || Lingers(fd) ? Wait::Linger : Wait::Nothing;
}

ClosingThreads& ForSockets() {
  static auto& threads = *new ClosingThreads();
  return threads;
}

/// Separate from the threads for sockets, so that a file server that does not respond cannot delay
/// them.
ClosingThreads& ForFiles() {
  static auto& threads = *new ClosingThreads();
  return threads;
}

void* CloseOnThread(void* argument) {
  close(static_cast<int>(reinterpret_cast<intptr_t>(argument)));
  lingering_threads.fetch_sub(1);
  return nullptr;
}

/// One thread for each descriptor, because each may linger for as long as its caller chose.
bool CloseLingering(int fd) {
  if (lingering_threads.fetch_add(1) < LingeringThreadsMax &&
      StartThread(CloseOnThread, reinterpret_cast<void*>(static_cast<intptr_t>(fd))) == 0) {
    return true;
  }
  lingering_threads.fetch_sub(1);
  linger off{};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &off, sizeof off);
  return false;
}

/// Returns whether a thread has taken ownership of the descriptor.
bool CloseElsewhere(int fd) {
  switch (WaitOf(fd)) {
    case Wait::Nothing:
      return false;
    case Wait::Kernel:
      return ForSockets().Add(fd);
    case Wait::Linger:
      return CloseLingering(fd);
  }
  return false;
}

}  // namespace

bool ClosesOnThread(int fd) {
  return WaitOf(fd) != Wait::Nothing;
}

void CloseFile(int fd, uint32_t id) {
  ForFiles().Take(fd, id);
}

std::vector<uint32_t> ClosingFiles() {
  return ForFiles().Ids();
}

/* Wraps close(2). Caps: none. #syscalls close getsockopt setsockopt */
int CloseDescriptor(int fd) {
  // O_NONBLOCK does not make close(2) non-blocking.
  if (CloseElsewhere(fd)) return 0;
  // No EINTR loop: Linux has already released the descriptor, and its number may have been reused.
  return close(fd) < 0 && errno != EINTR ? -errno : 0;
}

}  // namespace sockbroker
