#include "lifetime/poller.h"

#include <poll.h>

#include "lifetime/callback.h"
#include "lifetime/environment.h"
#include "lifetime/native_socket.h"

namespace sockbroker {

namespace {

int ToUv(int events) {
  return (events & POLLIN ? UV_READABLE : 0) | (events & POLLOUT ? UV_WRITABLE : 0) |
         (events & POLLPRI ? UV_PRIORITIZED : 0) | (events & POLLRDHUP ? UV_DISCONNECT : 0);
}

int FromUv(int events) {
  return (events & UV_READABLE ? POLLIN : 0) | (events & UV_WRITABLE ? POLLOUT : 0) |
         (events & UV_PRIORITIZED ? POLLPRI : 0) | (events & UV_DISCONNECT ? POLLRDHUP : 0);
}

}  // namespace

int Poller::Watch(Environment& environment, int fd, int events, Napi::Function on_ready) {
  if (events == 0) {
    Stop();
    return 0;
  }
  if (handle_ == nullptr) {
    auto* handle = new Handle{};
    handle->poller = this;
    if (int error = uv_poll_init(environment.loop, &handle->poll, fd)) {
      delete handle;
      return error;
    }
    environment_ = &environment;
    handle_ = handle;
    environment.pollers.insert(this);
    Ref(keep_alive_);
  }
  if (int error = Start(events)) return error;
  if (!on_ready.IsEmpty()) on_ready_ = Napi::Persistent(on_ready);
  // Keeps a watched object alive even if JavaScript no longer references it.
  if (events_ == 0) owner_->Ref();
  events_ = events;
  return 0;
}

int Poller::Start(int events) {
  return uv_poll_start(&handle_->poll, ToUv(events), [](uv_poll_t* poll, int status, int ready) {
    reinterpret_cast<Handle*>(poll)->poller->Ready(status, ready);
  });
}

void Poller::Stop() {
  if (events_ == 0) return;
  uv_poll_stop(&handle_->poll);
  events_ = 0;
  on_ready_.Reset();
  owner_->Unref();
}

void Poller::Ready(int status, int ready) {
  Napi::Env env = on_ready_.Env();
  Napi::HandleScope scope(env);
  int events = FromUv(ready) & events_;
  if (status < 0) {
    // libuv treats POLLERR as a bad descriptor and stops the watch. A message in the error queue
    // and a refused connection also set POLLERR, and the next call on the socket returns the actual
    // error, so the watch is restarted. Every watcher must make a call when notified.
    events = events_;
    Start(events_);
  }
  napi_value argument = Napi::Number::New(env, events);
  // The callback may close the socket, which ends this watch. The scope keeps the owner's memory
  // alive.
  napi_value owner = owner_->Value();
  static_cast<void>(owner);
  CallFromLoop(env, on_ready_.Value(), 1, &argument);
}

void Poller::Ref(bool keep_alive) {
  keep_alive_ = keep_alive;
  if (handle_ == nullptr) return;
  auto* handle = reinterpret_cast<uv_handle_t*>(&handle_->poll);
  keep_alive ? uv_ref(handle) : uv_unref(handle);
}

void Poller::Close() {
  if (handle_ == nullptr) return;
  Stop();
  environment_->pollers.erase(this);
  uv_close(reinterpret_cast<uv_handle_t*>(&std::exchange(handle_, nullptr)->poll),
           [](uv_handle_t* handle) { delete reinterpret_cast<Handle*>(handle); });
}

}  // namespace sockbroker
