#include <pwd.h>

#include <cerrno>
#include <string>
#include <vector>

#include "functions.h"
#include "values/arguments.h"
#include "values/record.h"

namespace sockbroker {

/// Maximum size of a passwd entry, in bytes.
constexpr size_t kLargestEntry = 1 << 20;

/* Wraps getpwnam_r(3). Caps: none. #syscalls openat read lseek close */
Napi::Value Getpwnam(const Napi::CallbackInfo& info) {
  std::string name;
  if (!ReadArguments(info, "getpwnam", name)) return {};
  if (HasNul(name)) return Int(info.Env(), -ENOENT);
  struct passwd entry = {};
  struct passwd* found = nullptr;
  int error = ERANGE;
  for (size_t size = 1024; error == ERANGE && size <= kLargestEntry; size *= 4) {
    std::vector<char> memory(size);
    error = getpwnam_r(name.c_str(), &entry, memory.data(), memory.size(), &found);
  }
  if (found != nullptr) return Int(info.Env(), static_cast<int64_t>(entry.pw_uid));
  // Name services use any of these errors for "no such user"; see getpwnam(3).
  bool none = error == 0 || error == ESRCH || error == EBADF || error == EPERM;
  return Int(info.Env(), none ? -ENOENT : -error);
}

}  // namespace sockbroker
