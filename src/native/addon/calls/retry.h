#pragma once

#include <cerrno>

namespace sockbroker {

/// Repeats `call` while it fails with EINTR. Returns its result or -errno. All EINTR loops are
/// here.
template <typename Call>
auto Retry(Call call) -> decltype(call()) {
  for (;;) {
    auto result = call();
    if (result >= 0) return result;
    if (errno != EINTR) return -errno;
  }
}

}  // namespace sockbroker
