#include <fcntl.h>
#include <sys/sendfile.h>

#include <cerrno>
#include <cstdint>
#include <memory>

#include "calls/retry.h"
#include "lifetime/native_socket.h"
#include "lifetime/unique_fd.h"
#include "resolver/lookup.h"
#include "resolver/pool.h"
#include "values/arguments.h"
#include "values/record.h"

namespace sockbroker {

namespace {

/// Duplicates both descriptors, because the objects may be closed while sendfile(2) runs. It closes
/// them on the same thread: close(2) of a file can block as long as a read.
class Sending : public Lookup {
 public:
  Sending(int socket, int file, std::optional<uint64_t> offset, size_t count)
      : socket_(socket), file_(file), offset_(offset), count_(count) {
    awaited = false;
  }

  void Run() override {
    off_t position = static_cast<off_t>(offset_.value_or(0));
    // sendfile(2) has no MSG_NOSIGNAL; Node ignores SIGPIPE for the whole process.
    EnsureNonBlocking(socket_.Get());
    result_ = Retry([&] {
      return sendfile(socket_.Get(), file_.Get(), offset_ ? &position : nullptr, count_);
    });
    file_.Close();
    socket_.Close();
  }

  Napi::Value Answer(Napi::Env env) override { return Int(env, refused != 0 ? refused : result_); }

 private:
  UniqueFd socket_, file_;
  const std::optional<uint64_t> offset_;
  const size_t count_;
  ssize_t result_ = 0;
};

int Duplicate(int fd) {
  return Retry([&] { return fcntl(fd, F_DUPFD_CLOEXEC, 0); });
}

Napi::Value Settled(Napi::Env env, int result) {
  auto deferred = Napi::Promise::Deferred::New(env);
  deferred.Resolve(Int(env, result));
  return deferred.Promise();
}

}  // namespace

/* Wraps sendfile(2). Caps: none. #syscalls sendfile fcntl */
Napi::Value NativeSocket::Sendfile(const Napi::CallbackInfo& info) {
  NativeSocket* source;
  std::optional<uint64_t> offset;
  uint32_t count;
  if (!ReadArguments(info, "sendfile", source, offset, count)) return {};
  Napi::Env env = info.Env();
  // The kernel would check the source first and could report its error instead.
  if (!fd_) return Settled(env, -EBADF);
  if (offset > static_cast<uint64_t>(INT64_MAX)) return Settled(env, -EINVAL);
  int socket = Duplicate(Fd());
  if (socket < 0) return Settled(env, socket);
  int file = Duplicate(source->Fd());
  auto sending = std::make_unique<Sending>(socket, file, offset, count);
  if (file < 0) return Settled(env, file);
  return Lookup::Start(env, std::move(sending), Pool::ForFiles());
}

}  // namespace sockbroker
