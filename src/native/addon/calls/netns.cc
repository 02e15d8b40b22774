#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>

#include <cerrno>
#include <string>

#include "calls/retry.h"
#include "functions.h"
#include "lifetime/native_socket.h"
#include "values/arguments.h"
#include "values/record.h"

namespace sockbroker {

namespace {

/// Opens a network namespace. Returns its descriptor or -errno. The file type is checked through
/// O_PATH first, because opening a terminal, a tape or a FIFO can have side effects.
int Open(const std::string& path) {
  if (HasNul(path)) return -EINVAL;
  int found = Retry([&] { return open(path.c_str(), O_PATH | O_CLOEXEC); });
  if (found < 0) return found;
  UniqueFd location(found);
  struct statfs filesystem;
  if (int error = Retry([&] { return fstatfs(found, &filesystem); })) return error;
  if (filesystem.f_type != NSFS_MAGIC) return -EINVAL;
  std::string same = "/proc/self/fd/" + std::to_string(found);
  int fd = Retry([&] { return open(same.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); });
  if (fd < 0) return fd;
  UniqueFd netns(fd);
  if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET) return -EINVAL;
  return netns.Release();
}

}  // namespace

/* Wraps open(2) of a namespace. Caps: sys_ptrace for another user's process. #syscalls openat
 * fstatfs ioctl */
Napi::Value OpenNetns(const Napi::CallbackInfo& info) {
  std::string path;
  if (!ReadArguments(info, "openNetns", path)) return {};
  int fd = Open(path);
  if (fd < 0) return Int(info.Env(), fd);
  return NativeSocket::Make(info.Env(), UniqueFd(fd));
}

}  // namespace sockbroker
