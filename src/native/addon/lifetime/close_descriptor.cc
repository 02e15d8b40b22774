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

// A caller chooses how long its sockets linger, so what they cost must be bounded.
constexpr int LingeringThreadsMax = 64;
std::atomic<int> lingering_threads{0};

/// What close(2) of a descriptor may wait for.
enum class Wait { Nothing, Kernel, Linger };

/// Families whose sockets wait: for the kernel to stop delivering to them, which takes a grace
/// period of some 15 ms, or until what they are sending is out. No other socket is refused an
/// address because one of these still has it.
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
  // SMC lingers for two minutes unless told otherwise.
  return family == AF_SMC || Lingers(fd) ? Wait::Linger : Wait::Nothing;
}

ClosingThreads& ForSockets() {
  static auto& threads = *new ClosingThreads();
  return threads;
}

/// Apart from the sockets, which a server that does not answer must not hold up.
ClosingThreads& ForFiles() {
  static auto& threads = *new ClosingThreads();
  return threads;
}

void* CloseOnThread(void* argument) {
  close(static_cast<int>(reinterpret_cast<intptr_t>(argument)));
  lingering_threads.fetch_sub(1);
  return nullptr;
}

/// On a thread of its own, for each may linger for as long as it likes.
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

/// Whether a thread has taken the descriptor over.
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
  // O_NONBLOCK does not help: what close(2) waits for it waits for in any mode.
  if (CloseElsewhere(fd)) return 0;
  // No EINTR loop: Linux has let go of the descriptor by then, and its number may already be
  // another's.
  return close(fd) < 0 && errno != EINTR ? -errno : 0;
}

}  // namespace sockbroker
