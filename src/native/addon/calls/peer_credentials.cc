#include <sys/socket.h>

#include <cerrno>

#include "calls/retry.h"
#include "lifetime/native_socket.h"
#include "tables/socket_constants.h"
#include "values/arguments.h"
#include "values/record.h"

namespace sockbroker {

/* Wraps getsockopt(2) of SO_PEERCRED and SO_PEERPIDFD. Caps: none. #syscalls getsockopt */
Napi::Value NativeSocket::PeerCredentials(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (!ReadArguments(info, "peerCredentials")) return {};
  ucred peer{};
  socklen_t length = sizeof peer;
  int error = Retry([&] { return getsockopt(Fd(), SOL_SOCKET, SO_PEERCRED, &peer, &length); });
  if (error < 0) return Int(env, error);
  // The kernel returns this for a socket that has no peer or is not a unix socket. For a peer in
  // another pid namespace pid is 0 too, but uid is set.
  if (peer.pid == 0 && peer.uid == static_cast<uid_t>(-1)) return Int(env, -ENOTCONN);

  int pidfd = -1;
  length = sizeof pidfd;
  error = Retry([&] { return getsockopt(Fd(), SOL_SOCKET, SO_PEERPIDFD, &pidfd, &length); });
  UniqueFd process(error < 0 ? -1 : pidfd);
  // ENOPROTOOPT means that the kernel lacks SO_PEERPIDFD. Any other error means that the process is
  // gone and its pid may have been reused.
  if (error < 0 && error != -ENOPROTOOPT) return Int(env, error);

  Record record(env);
  record.Set("pid", static_cast<int32_t>(peer.pid));
  record.Set("uid", static_cast<uint32_t>(peer.uid));
  record.Set("gid", static_cast<uint32_t>(peer.gid));
  if (process) {
    record.Set("pidfd", NativeSocket::Make(env, std::move(process)));
  } else {
    record.SetNull("pidfd");
  }
  return record.Done();
}

}  // namespace sockbroker
