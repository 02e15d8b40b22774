#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

#include "calls/retry.h"
#include "functions.h"
#include "lifetime/environment.h"
#include "lifetime/native_socket.h"
#include "values/arguments.h"
#include "values/record.h"

namespace sockbroker {

/*
 * Tells whether an open description still exists.
 *
 * An epoll instance lists what it watches by open description, not by descriptor: an entry
 * disappears when the last reference is gone, whether that was a descriptor of this process, a
 * descriptor of another process, or a message in flight. /proc/self/fdinfo shows the list. Nothing
 * ever waits on this instance.
 */

namespace {

/// The epoll instance, created on first use. Returns its descriptor or -errno.
int FollowList(Environment& environment) {
  if (!environment.followed) {
    int fd = Retry([] { return epoll_create1(EPOLL_CLOEXEC); });
    if (fd < 0) return fd;
    environment.followed = UniqueFd(fd);
  }
  return environment.followed.Get();
}

/// Returns 0 or -errno.
int ReadFile(const std::string& path, std::string& content) {
  int opened = Retry([&] { return open(path.c_str(), O_RDONLY | O_CLOEXEC); });
  if (opened < 0) return opened;
  UniqueFd file(opened);
  constexpr size_t PieceBytes = 65536;
  for (;;) {
    size_t length = content.size();
    content.resize(length + PieceBytes);
    ssize_t got = Retry([&] { return read(opened, content.data() + length, PieceBytes); });
    content.resize(length + static_cast<size_t>(got > 0 ? got : 0));
    if (got <= 0) return static_cast<int>(got);
  }
}

}  // namespace

/* Wraps epoll_ctl(2). Caps: none. #syscalls epoll_create1 epoll_ctl */
Napi::Value Follow(const Napi::CallbackInfo& info) {
  NativeSocket* socket;
  uint32_t id;
  if (!ReadArguments(info, "follow", socket, id)) return {};
  // epoll_ctl(2) polls the file first, so following an opaque file could block.
  if (socket->IsOpaque()) return Int(info.Env(), -EPERM);
  int list = FollowList(Environment::Of(info.Env()));
  if (list < 0) return Int(info.Env(), list);
  epoll_event event{};
  event.data.u64 = id;
  int fd = socket->Fd();
  int error = Retry([&] { return epoll_ctl(list, EPOLL_CTL_ADD, fd, &event); });
  // The same descriptor number and open description are already in the list.
  if (error == -EEXIST) error = Retry([&] { return epoll_ctl(list, EPOLL_CTL_MOD, fd, &event); });
  return Int(info.Env(), error);
}

Napi::Value FollowClosing(const Napi::CallbackInfo& info) {
  NativeSocket* file;
  uint32_t id;
  if (!ReadArguments(info, "followClosing", file, id)) return {};
  file->fd_.SetId(id);
  return info.Env().Undefined();
}

/* Reads /proc/self/fdinfo. Caps: none. #syscalls openat read */
Napi::Value Followed(const Napi::CallbackInfo& info) {
  if (!ReadArguments(info, "followed")) return {};
  auto ids = Napi::Array::New(info.Env());
  int list = FollowList(Environment::Of(info.Env()));
  if (list < 0) return Int(info.Env(), list);
  std::string text;
  int error = ReadFile("/proc/self/fdinfo/" + std::to_string(list), text);
  if (error < 0) return Int(info.Env(), error);
  // Example: "tfd:        4 events:       18 data:                4  pos:0 ino:a062 sdev:9".
  constexpr char Key[] = " data:";
  uint32_t count = 0;
  for (size_t at = text.find(Key); at != std::string::npos; at = text.find(Key, at + 1)) {
    auto id = std::strtoull(text.c_str() + at + sizeof Key - 1, nullptr, 16);
    ids.Set(count++, Napi::Number::New(info.Env(), static_cast<double>(id)));
  }
  for (uint32_t id : ClosingFiles()) ids.Set(count++, Napi::Number::New(info.Env(), id));
  return ids;
}

}  // namespace sockbroker
