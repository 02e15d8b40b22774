#pragma once

#include <napi.h>

namespace sockbroker {

/// Calls a JavaScript function from the event loop, then runs microtasks. An exception it throws
/// becomes an uncaught exception, as in any Node callback.
void CallFromLoop(napi_env env, napi_value function, size_t argc, const napi_value* argv);

}  // namespace sockbroker
