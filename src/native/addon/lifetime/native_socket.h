#pragma once

#include <napi.h>

#include "lifetime/poller.h"
#include "lifetime/unique_fd.h"

namespace sockbroker {

/// What the kernel says a descriptor is. -1 each for what is not a socket.
struct SocketFacts {
  int family = -1;
  int type = -1;
  int protocol = -1;
  /// The protocol that says which form CAN and Bluetooth addresses have.
  int addressing = -1;
};

/// Owns one descriptor on behalf of a JavaScript object. The methods are those of binding.ts, in
/// its order; each is defined in the file that has its name.
class NativeSocket : public Napi::ObjectWrap<NativeSocket> {
 public:
  static void Define(Napi::Env env);
  /// A new object for `fd`. Empty, with an exception pending, if there is no memory for one; `fd`
  /// is then closed.
  static Napi::Value Make(Napi::Env env, UniqueFd fd);
  /// The object behind a value, or null if it is not one of ours.
  static NativeSocket* From(napi_env env, napi_value value);

  explicit NativeSocket(const Napi::CallbackInfo& info);

  /// -1 once closed, which the kernel answers with EBADF.
  int Fd() const { return fd_.Get(); }
  const SocketFacts& Facts() const { return facts_; }
  /// Whether calls on it may wait for another process: it is a file that was received, and not of a
  /// kind that the kernel alone serves.
  bool IsOpaque() const { return opaque_; }
  /// Whether it is a file that was received, of whatever kind.
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
  Napi::Value Sendmmsg(const Napi::CallbackInfo& info);
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
  /// Last, so that it is gone before the descriptor is.
  Poller poller_{this};
};

/// Undoes what another holder of the open description may have done to O_NONBLOCK (a program that
/// was handed the descriptor and called setblocking(True), say). For the calls that MSG_DONTWAIT
/// cannot be given to: the event loop would wait in them.
void EnsureNonBlocking(int fd);

}  // namespace sockbroker
