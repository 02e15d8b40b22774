#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>

#include "thread.h"
#include "unique_fd.h"

namespace sockbroker {

namespace {

// A caller chooses how long its sockets linger, so what they cost must be bounded.
constexpr int LingeringThreadsMax = 64;
std::atomic<int> lingering_threads{0};

bool Lingers(int fd) {
  linger value{};
  socklen_t length = sizeof value;
  return getsockopt(fd, SOL_SOCKET, SO_LINGER, &value, &length) == 0 && value.l_onoff != 0 &&
         value.l_linger > 0;
}

void* CloseOnThread(void* argument) {
  close(static_cast<int>(reinterpret_cast<intptr_t>(argument)));
  lingering_threads.fetch_sub(1);
  return nullptr;
}

}  // namespace

/* Wraps close(2). Caps: none. #syscalls close getsockopt setsockopt */
int CloseDescriptor(int fd) {
  // O_NONBLOCK does not help here: close(2) waits out SO_LINGER whatever the descriptor's mode.
  if (Lingers(fd)) {
    if (lingering_threads.fetch_add(1) < LingeringThreadsMax &&
        StartThread(CloseOnThread, reinterpret_cast<void*>(static_cast<intptr_t>(fd))) == 0) {
      return 0;
    }
    lingering_threads.fetch_sub(1);
    linger off{};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &off, sizeof off);
  }
  // No EINTR loop: Linux has let go of the descriptor by then, and its number may already be
  // another's.
  return close(fd) < 0 && errno != EINTR ? -errno : 0;
}

}  // namespace sockbroker
