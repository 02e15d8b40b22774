#pragma once

#include <napi.h>

#include "lifetime/poller.h"
#include "lifetime/unique_fd.h"

namespace sockbroker {

/// Family, type and protocol as the kernel reports them; -1 for a file that is not a socket.
struct SocketFacts {
  int family = -1;
  int type = -1;
  int protocol = -1;
  /// The protocol that determines the layout of CAN and Bluetooth addresses.
  int addressing = -1;
};

/// Owns one descriptor for a JavaScript object. The methods are those of binding.ts, in the same
/// order; each is defined in the file of its name.
class NativeSocket : public Napi::ObjectWrap<NativeSocket> {
 public:
  static void Define(Napi::Env env);
  /// Creates an object for `fd`. If memory runs out, returns empty with an exception pending, and
  /// closes `fd`.
  static Napi::Value Make(Napi::Env env, UniqueFd fd);
  /// Returns the object behind a value, or null if it is not one of ours.
  static NativeSocket* From(napi_env env, napi_value value);

  explicit NativeSocket(const Napi::CallbackInfo& info);

  /// -1 once closed, for which the kernel returns EBADF.
  int Fd() const { return fd_.Get(); }
  const SocketFacts& Facts() const { return facts_; }
  /// Whether calls on it may block on another process: it is a received file, not of a kind that
  /// only the kernel serves.
  bool IsOpaque() const { return opaque_; }
  /// Whether it is a received file of any kind.
  bool IsReceived() const { return fd_.IsReceived(); }

 private:
  Napi::Value Family(const Napi::CallbackInfo& info);
  Napi::Value Type(const Napi::CallbackInfo& info);
  Napi::Value Protocol(const Napi::CallbackInfo& info);
  Napi::Value Closed(const Napi::CallbackInfo& info);
  Napi::Value Inode(const Napi::CallbackInfo& info);
  Napi::Value ClosesOnThread(const Napi::CallbackInfo& info);

  friend Napi::Value FollowClosing(const Napi::CallbackInfo& info);

  Napi::Value Bind(const Napi::CallbackInfo& info);
  Napi::Value Listen(const Napi::CallbackInfo& info);
  Napi::Value Accept(const Napi::CallbackInfo& info);
  Napi::Value Connect(const Napi::CallbackInfo& info);
  Napi::Value Shutdown(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);
  Napi::Value Dup(const Napi::CallbackInfo& info);
  Napi::Value Getsockname(const Napi::CallbackInfo& info);
  Napi::Value Getpeername(const Napi::CallbackInfo& info);

  Napi::Value GetsockoptInt(const Napi::CallbackInfo& info);
  Napi::Value Getsockopt(const Napi::CallbackInfo& info);
  Napi::Value SetsockoptInt(const Napi::CallbackInfo& info);
  Napi::Value Setsockopt(const Napi::CallbackInfo& info);
  Napi::Value SetsockoptNull(const Napi::CallbackInfo& info);

  Napi::Value IoctlInt(const Napi::CallbackInfo& info);
  Napi::Value Ioctl(const Napi::CallbackInfo& info);

  Napi::Value Recv(const Napi::CallbackInfo& info);
  Napi::Value RecvInto(const Napi::CallbackInfo& info);
  Napi::Value Recvmsg(const Napi::CallbackInfo& info);
  Napi::Value Recvmmsg(const Napi::CallbackInfo& info);
  Napi::Value Send(const Napi::CallbackInfo& info);
  Napi::Value Sendmsg(const Napi::CallbackInfo& info);
  Napi::Value Sendfile(const Napi::CallbackInfo& info);

  Napi::Value Poll(const Napi::CallbackInfo& info);
  Napi::Value Watch(const Napi::CallbackInfo& info);
  Napi::Value Ref(const Napi::CallbackInfo& info);
  Napi::Value Unref(const Napi::CallbackInfo& info);
  using ObjectWrap::Ref;
  using ObjectWrap::Unref;

  Napi::Value PeerCredentials(const Napi::CallbackInfo& info);
  Napi::Value Release(const Napi::CallbackInfo& info);

  friend class Poller;

  UniqueFd fd_;
  SocketFacts facts_;
  bool opaque_ = false;
  /// Declared last, so that it is destroyed before the descriptor.
  Poller poller_{this};
};

/// Sets O_NONBLOCK again, which another holder of the open description may have cleared (for
/// example with setblocking(True)). Needed before calls that do not accept MSG_DONTWAIT, which
/// would block the event loop.
void EnsureNonBlocking(int fd);

}  // namespace sockbroker
