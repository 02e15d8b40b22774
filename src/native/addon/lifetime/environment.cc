#include "lifetime/environment.h"

#include "lifetime/poller.h"

namespace sockbroker {

/*
 * How an environment shuts down.
 *
 * Node runs clean-up hooks last registered first, then finalises every wrapped object, then our
 * instance data, and last closes the loop, which must have no open handle by then. libuv frees a
 * handle's memory only in uv_close's callback, one loop iteration later. So an *asynchronous* hook,
 * registered after Node's own and thus run before it, closes every uv handle and keeps the loop
 * running until the last callback. Handles that were already closing finish in the same iteration
 * as the mailbox's, which always exists. Objects finalised afterwards find their poller closed and
 * only have to close a descriptor.
 */

namespace {

void CloseEverything(napi_async_cleanup_hook_handle hook, void* data) {
  auto* environment = static_cast<Environment*>(data);
  while (!environment->pollers.empty()) (*environment->pollers.begin())->Close();
  environment->mailbox->Close(hook);
}

}  // namespace

bool Environment::Create(Napi::Env env) {
  auto* environment = new Environment();
  if (napi_get_uv_event_loop(env, &environment->loop) != napi_ok) {
    delete environment;
    Napi::Error::New(env, "this environment has no event loop").ThrowAsJavaScriptException();
    return false;
  }
  env.SetInstanceData(environment);
  environment->guarded = GuardedBuffer::Map();
  if (!environment->guarded) {
    Napi::Error::New(env, "no memory for a guarded buffer").ThrowAsJavaScriptException();
    return false;
  }
  environment->mailbox = Mailbox::Open(env, environment->loop);
  if (!environment->mailbox) return false;
  return napi_add_async_cleanup_hook(env, CloseEverything, environment, nullptr) == napi_ok;
}

Environment& Environment::Of(napi_env env) {
  return *Napi::Env(env).GetInstanceData<Environment>();
}

}  // namespace sockbroker
