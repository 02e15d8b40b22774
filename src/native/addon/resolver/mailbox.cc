#include "resolver/mailbox.h"

#include "lifetime/callback.h"
#include "lifetime/environment.h"
#include "resolver/lookup.h"

namespace sockbroker {

std::shared_ptr<Mailbox> Mailbox::Open(Napi::Env env, uv_loop_t* loop) {
  auto mailbox = std::make_shared<Mailbox>();
  auto* async = new Async{};
  async->mailbox = mailbox.get();
  int error = uv_async_init(loop, &async->handle, [](uv_async_t* handle) {
    reinterpret_cast<Async*>(handle)->mailbox->Wake();
  });
  if (error != 0) {
    delete async;
    Napi::Error::New(env, uv_strerror(error)).ThrowAsJavaScriptException();
    return nullptr;
  }
  uv_unref(reinterpret_cast<uv_handle_t*>(&async->handle));
  mailbox->env_ = env;
  mailbox->async_ = async;
  auto settle = Napi::Function::New<Settle>(env, "settle");
  if (napi_create_reference(env, settle, 1, &mailbox->settle_) != napi_ok) return nullptr;
  return mailbox;
}

void Mailbox::Deliver(std::unique_ptr<Lookup> lookup) {
  // Declared first, so that the dropped look-up is deleted after the lock is released.
  std::unique_ptr<Lookup> dropped;
  std::lock_guard lock(mutex_);
  if (async_ == nullptr) {
    dropped = std::move(lookup);
    return;
  }
  delivered_.push_back(std::move(lookup));
  uv_async_send(&async_->handle);
}

void Mailbox::Expect() {
  if (expected_++ == 0) uv_ref(reinterpret_cast<uv_handle_t*>(&async_->handle));
}

void Mailbox::Close(napi_async_cleanup_hook_handle hook) {
  std::vector<std::unique_ptr<Lookup>> dropped;
  Async* async;
  {
    std::lock_guard lock(mutex_);
    async = std::exchange(async_, nullptr);
    dropped.swap(delivered_);
  }
  async->hook = hook;
  uv_close(reinterpret_cast<uv_handle_t*>(&async->handle), [](uv_handle_t* handle) {
    auto* async = reinterpret_cast<Async*>(handle);
    napi_remove_async_cleanup_hook(async->hook);
    delete async;
  });
}

void Mailbox::Wake() {
  // Promises are settled inside a JavaScript call, because microtasks run when such a call returns
  // to the loop.
  Napi::HandleScope scope(env_);
  napi_value settle;
  if (napi_get_reference_value(env_, settle_, &settle) == napi_ok)
    CallFromLoop(env_, settle, 0, nullptr);
}

Napi::Value Mailbox::Settle(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  auto mailbox = Environment::Of(env).mailbox;
  std::vector<std::unique_ptr<Lookup>> lookups;
  {
    std::lock_guard lock(mailbox->mutex_);
    lookups.swap(mailbox->delivered_);
  }
  for (auto& lookup : lookups) {
    Napi::HandleScope scope(env);
    Napi::Value answer = lookup->Answer(env);
    if (answer.IsEmpty()) break;
    napi_resolve_deferred(env, lookup->deferred, answer);
    if (lookup->awaited && --mailbox->expected_ == 0 && mailbox->async_ != nullptr) {
      uv_unref(reinterpret_cast<uv_handle_t*>(&mailbox->async_->handle));
    }
  }
  return env.Undefined();
}

}  // namespace sockbroker
