#pragma once

#include <napi.h>
#include <uv.h>

#include <memory>
#include <mutex>
#include <vector>

namespace sockbroker {

class Lookup;

/// Delivers finished look-ups to an environment. Threads share it and may outlive the environment:
/// a look-up that finishes late finds a closed mailbox instead of freed memory. (A
/// napi_threadsafe_function may be freed once the environment is gone.)
class Mailbox {
 public:
  /// Returns null after a throw.
  static std::shared_ptr<Mailbox> Open(Napi::Env env, uv_loop_t* loop);

  /// Any thread: delivers a finished look-up, or drops it if the mailbox is closed.
  void Deliver(std::unique_ptr<Lookup> lookup);

  /// The environment's thread: one more look-up is in progress, so the loop must stay alive.
  void Expect();
  /// The environment's thread: stops deliveries. `hook` is removed when the uv handle is closed.
  void Close(napi_async_cleanup_hook_handle hook);

 private:
  struct Async {
    uv_async_t handle;
    Mailbox* mailbox;
    napi_async_cleanup_hook_handle hook;
  };

  static Napi::Value Settle(const Napi::CallbackInfo& info);
  void Wake();

  napi_env env_ = nullptr;
  napi_ref settle_ = nullptr;
  size_t expected_ = 0;

  std::mutex mutex_;
  Async* async_ = nullptr;
  std::vector<std::unique_ptr<Lookup>> delivered_;
};

}  // namespace sockbroker
