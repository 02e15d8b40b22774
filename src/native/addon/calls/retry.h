#pragma once

#include <cerrno>

namespace sockbroker {

/// Calls `call` until a signal no longer interrupts it. Its result, or -errno. The EINTR loop is
/// here and only here.
template <typename Call>
auto Retry(Call call) -> decltype(call()) {
  for (;;) {
    auto result = call();
    if (result >= 0) return result;
    if (errno != EINTR) return -errno;
  }
}

}  // namespace sockbroker
