#include "lifetime/native_socket.h"

#include <fcntl.h>
#include <linux/can.h>
#include <linux/can/isotp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <string>
#include <string_view>

#include "lifetime/environment.h"
#include "values/record.h"

namespace sockbroker {

namespace {

// A random tag that must never change: it distinguishes our objects from those of other addons.
constexpr napi_type_tag Tag = {0x8f6a1c52e04b7d39, 0xb3d95e7718a2c4f0};

int FactOf(GuardedBuffer& guarded, int fd, int option) {
  int value = -1;
  uint8_t* bytes = guarded.Take(sizeof value);
  socklen_t length = sizeof value;
  if (getsockopt(fd, SOL_SOCKET, option, bytes, &length) == 0)
    std::memcpy(&value, bytes, sizeof value);
  return value;
}

/// SO_PROTOCOL of most CAN sockets is 0, so the protocol is found by which options they support.
int CanProtocol(GuardedBuffer& guarded, int fd, const SocketFacts& facts) {
  if (facts.protocol > 0) return facts.protocol;
  if (facts.type == SOCK_RAW) return CAN_RAW;
  socklen_t length = sizeof(can_isotp_options);
  uint8_t* options = guarded.Take(length);
  bool isotp = getsockopt(fd, SOL_CAN_ISOTP, CAN_ISOTP_OPTS, options, &length) == 0;
  return isotp ? CAN_ISOTP : CAN_BCM;
}

SocketFacts FactsOf(GuardedBuffer& guarded, int fd) {
  SocketFacts facts;
  facts.family = FactOf(guarded, fd, SO_DOMAIN);
  facts.type = FactOf(guarded, fd, SO_TYPE);
  facts.protocol = FactOf(guarded, fd, SO_PROTOCOL);
  facts.addressing = facts.family == AF_CAN ? CanProtocol(guarded, fd, facts) : facts.protocol;
  return facts;
}

/// Files for which poll(2) never blocks on another process. Other names are paths, or anonymous
/// inodes that may contain files.
constexpr std::string_view KernelKinds[] = {"pipe:[", "anon_inode:[eventfd]", "anon_inode:[pidfd]",
                                            "anon_inode:[signalfd]", "anon_inode:[timerfd]"};

bool IsOfKernel(int fd) {
  char name[32];
  ssize_t length = readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), name, sizeof name);
  if (length < 0) return false;
  std::string_view view(name, static_cast<size_t>(length));
  return std::any_of(std::begin(KernelKinds), std::end(KernelKinds),
                     [&](std::string_view kind) { return view.substr(0, kind.size()) == kind; });
}

}  // namespace

void NativeSocket::Define(Napi::Env env) {
  auto socket_class =
      DefineClass(env, "NativeSocket",
                  {
                      InstanceAccessor<&NativeSocket::Family>("family"),
                      InstanceAccessor<&NativeSocket::Type>("type"),
                      InstanceAccessor<&NativeSocket::Protocol>("protocol"),
                      InstanceAccessor<&NativeSocket::Closed>("closed"),
                      InstanceAccessor<&NativeSocket::Inode>("inode"),
                      InstanceAccessor<&NativeSocket::ClosesOnThread>("closesOnThread"),

                      InstanceMethod<&NativeSocket::Bind>("bind"),
                      InstanceMethod<&NativeSocket::Listen>("listen"),
                      InstanceMethod<&NativeSocket::Accept>("accept"),
                      InstanceMethod<&NativeSocket::Connect>("connect"),
                      InstanceMethod<&NativeSocket::Shutdown>("shutdown"),
                      InstanceMethod<&NativeSocket::Close>("close"),
                      InstanceMethod<&NativeSocket::Dup>("dup"),
                      InstanceMethod<&NativeSocket::Getsockname>("getsockname"),
                      InstanceMethod<&NativeSocket::Getpeername>("getpeername"),

                      InstanceMethod<&NativeSocket::GetsockoptInt>("getsockoptInt"),
                      InstanceMethod<&NativeSocket::Getsockopt>("getsockopt"),
                      InstanceMethod<&NativeSocket::SetsockoptInt>("setsockoptInt"),
                      InstanceMethod<&NativeSocket::Setsockopt>("setsockopt"),
                      InstanceMethod<&NativeSocket::SetsockoptNull>("setsockoptNull"),

                      InstanceMethod<&NativeSocket::IoctlInt>("ioctlInt"),
                      InstanceMethod<&NativeSocket::Ioctl>("ioctl"),

                      InstanceMethod<&NativeSocket::Recv>("recv"),
                      InstanceMethod<&NativeSocket::RecvInto>("recvInto"),
                      InstanceMethod<&NativeSocket::Recvmsg>("recvmsg"),
                      InstanceMethod<&NativeSocket::Recvmmsg>("recvmmsg"),
                      InstanceMethod<&NativeSocket::Send>("send"),
                      InstanceMethod<&NativeSocket::Sendmsg>("sendmsg"),
                      InstanceMethod<&NativeSocket::Sendfile>("sendfile"),

                      InstanceMethod<&NativeSocket::Poll>("poll"),
                      InstanceMethod<&NativeSocket::Watch>("watch"),
                      InstanceMethod<&NativeSocket::Ref>("ref"),
                      InstanceMethod<&NativeSocket::Unref>("unref"),

                      InstanceMethod<&NativeSocket::PeerCredentials>("peerCredentials"),
                      InstanceMethod<&NativeSocket::Release>("release"),
                  });
  Environment::Of(env).socket_class = Napi::Persistent(socket_class);
}

Napi::Value NativeSocket::Make(Napi::Env env, UniqueFd fd) {
  auto& environment = Environment::Of(env);
  environment.adopted_fd = &fd;
  Napi::Object object = environment.socket_class.New({});
  environment.adopted_fd = nullptr;
  return object;
}

NativeSocket::NativeSocket(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  Napi::Env env = info.Env();
  if (env.IsExceptionPending()) return;
  UniqueFd* fd = std::exchange(Environment::Of(env).adopted_fd, nullptr);
  if (fd == nullptr) {
    Napi::TypeError::New(env, "Illegal constructor").ThrowAsJavaScriptException();
    return;
  }
  if (napi_type_tag_object(env, info.This(), &Tag) != napi_ok) return;
  fd_ = std::move(*fd);
  facts_ = FactsOf(*Environment::Of(env).guarded, Fd());
  opaque_ = fd_.IsReceived() && !IsOfKernel(Fd());
}

NativeSocket* NativeSocket::From(napi_env env, napi_value value) {
  bool ours = false;
  void* socket = nullptr;
  if (napi_check_object_type_tag(env, value, &Tag, &ours) != napi_ok || !ours) return nullptr;
  if (napi_unwrap(env, value, &socket) != napi_ok) return nullptr;
  return static_cast<NativeSocket*>(socket);
}

Napi::Value NativeSocket::Family(const Napi::CallbackInfo& info) {
  return Int(info.Env(), facts_.family);
}
Napi::Value NativeSocket::Type(const Napi::CallbackInfo& info) {
  return Int(info.Env(), facts_.type);
}
Napi::Value NativeSocket::Protocol(const Napi::CallbackInfo& info) {
  return Int(info.Env(), facts_.protocol);
}
Napi::Value NativeSocket::Closed(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), !fd_);
}
Napi::Value NativeSocket::Inode(const Napi::CallbackInfo& info) {
  struct stat status;
  bool is_socket = facts_.family >= 0 && fstat(Fd(), &status) == 0;
  return Int(info.Env(), is_socket ? static_cast<int64_t>(status.st_ino) : 0);
}
Napi::Value NativeSocket::ClosesOnThread(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(),
                            fd_ && (fd_.IsReceived() || sockbroker::ClosesOnThread(Fd())));
}

void EnsureNonBlocking(int fd) {
  int flags = fcntl(fd, F_GETFL);
  if (flags >= 0 && (flags & O_NONBLOCK) == 0) fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

}  // namespace sockbroker
