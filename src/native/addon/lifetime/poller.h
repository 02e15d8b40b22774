#pragma once

#include <napi.h>
#include <uv.h>

namespace sockbroker {

class Environment;
class NativeSocket;

/// Watches one descriptor by uv_poll on the environment's own loop.
class Poller {
 public:
  explicit Poller(NativeSocket* owner) : owner_(owner) {}
  ~Poller() { Close(); }

  /// Watches for poll(2) bits, 0 to stop. `on_ready` is empty to keep the one there is. 0 or
  /// -errno.
  int Watch(Environment& environment, int fd, int events, Napi::Function on_ready);
  bool HasCallback() const { return !on_ready_.IsEmpty(); }
  void Ref(bool keep_alive);
  /// Stops for good, before the descriptor is closed or given away: what epoll holds of a closed
  /// number could otherwise be taken for the descriptor that gets that number next.
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
  /// Ours until uv_close, libuv's until its callback.
  Handle* handle_ = nullptr;
  Napi::FunctionReference on_ready_;
  int events_ = 0;
  bool keep_alive_ = true;
};

}  // namespace sockbroker
