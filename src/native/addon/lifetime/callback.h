#pragma once

#include <napi.h>

namespace sockbroker {

/// Calls a JavaScript function from the event loop, and runs the microtasks after it. What it
/// throws is an uncaught exception, as in any other callback of Node's.
void CallFromLoop(napi_env env, napi_value function, size_t argc, const napi_value* argv);

}  // namespace sockbroker
