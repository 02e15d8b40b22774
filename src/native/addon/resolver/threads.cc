#include <cerrno>

#include "functions.h"
#include "resolver/lookup.h"
#include "resolver/pool.h"
#include "values/arguments.h"
#include "values/record.h"

namespace sockbroker {

Napi::Value SetResolverThreads(const Napi::CallbackInfo& info) {
  uint32_t count;
  if (!ReadArguments(info, "setResolverThreads", count)) return {};
  if (count == 0) {
    Napi::TypeError::New(info.Env(), "setResolverThreads: argument 1 must be above 0")
        .ThrowAsJavaScriptException();
    return {};
  }
  Pool::Get().SetThreadsMax(count);
  return info.Env().Undefined();
}

}  // namespace sockbroker
