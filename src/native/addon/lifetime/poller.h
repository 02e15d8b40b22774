#pragma once

#include <napi.h>
#include <uv.h>

namespace sockbroker {

class Environment;
class NativeSocket;

/// Watches one descriptor with uv_poll on the environment's loop.
class Poller {
 public:
  explicit Poller(NativeSocket* owner) : owner_(owner) {}
  ~Poller() { Close(); }

  /// Watches for poll(2) bits; 0 stops. An empty `on_ready` keeps the current callback. Returns 0
  /// or -errno.
  int Watch(Environment& environment, int fd, int events, Napi::Function on_ready);
  bool HasCallback() const { return !on_ready_.IsEmpty(); }
  void Ref(bool keep_alive);
  /// Stops permanently. Must run before the descriptor is closed or released: a stale epoll entry
  /// could otherwise report events for a new descriptor with the same number.
  void Close();

 private:
  struct Handle {
    uv_poll_t poll;
    Poller* poller;
  };

  int Start(int events);
  void Stop();
  void Ready(int status, int events);

  NativeSocket* owner_;
  Environment* environment_ = nullptr;
  /// Owned by this object until uv_close, then by libuv until its callback.
  Handle* handle_ = nullptr;
  Napi::FunctionReference on_ready_;
  int events_ = 0;
  bool keep_alive_ = true;
};

}  // namespace sockbroker
