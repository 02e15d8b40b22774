#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <string>

#include "calls/retry.h"
#include "functions.h"
#include "lifetime/native_socket.h"
#include "values/arguments.h"
#include "values/record.h"

namespace sockbroker {

namespace {

/// Whether `path` still names the file behind `fd`. The previous owner may have removed it between
/// open(2) and flock(2), and then another process could lock a new file under the same path.
bool Names(const std::string& path, int fd) {
  struct stat opened, found;
  if (fstat(fd, &opened) < 0 || lstat(path.c_str(), &found) < 0) return false;
  return opened.st_dev == found.st_dev && opened.st_ino == found.st_ino;
}

/// Returns a descriptor that holds the lock, or -errno.
int Lock(const std::string& path) {
  if (HasNul(path)) return -EINVAL;
  for (;;) {
    int fd =
        Retry([&] { return open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600); });
    if (fd < 0) return fd;
    UniqueFd file(fd);
    int error = Retry([&] { return flock(fd, LOCK_EX | LOCK_NB); });
    if (error < 0) return error;
    if (Names(path, fd)) return file.Release();
  }
}

}  // namespace

/* Wraps open(2) and flock(2). Caps: none. #syscalls openat flock fstat newfstatat */
Napi::Value LockFile(const Napi::CallbackInfo& info) {
  std::string path;
  if (!ReadArguments(info, "lockFile", path)) return {};
  int fd = Lock(path);
  if (fd < 0) return Int(info.Env(), fd);
  return NativeSocket::Make(info.Env(), UniqueFd(fd));
}

}  // namespace sockbroker
