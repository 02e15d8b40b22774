#include "lifetime/callback.h"

namespace sockbroker {

void CallFromLoop(napi_env env, napi_value function, size_t argc, const napi_value* argv) {
  napi_value global;
  if (napi_get_global(env, &global) != napi_ok) return;
  if (napi_make_callback(env, nullptr, global, function, argc, argv, nullptr) == napi_ok) return;
  // When the environment is shutting down the call fails without a pending exception.
  bool pending = false;
  napi_value exception;
  if (napi_is_exception_pending(env, &pending) == napi_ok && pending &&
      napi_get_and_clear_last_exception(env, &exception) == napi_ok) {
    napi_fatal_exception(env, exception);
  }
}

}  // namespace sockbroker
