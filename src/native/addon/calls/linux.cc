#include "functions.h"
#include "tables/linux_headers.h"
#include "values/record.h"

namespace sockbroker {

// A double, because EPOLLET does not fit into an int32_t.
static napi_value Number(Napi::Env env, double value) {
  return Napi::Number::New(env, value);
}

Napi::Value Linux(Napi::Env env) {
  Record record(env);
#define CONSTANT(name) record.Set(#name, Number(env, static_cast<double>(name)));
#include "tables/linux.inc"
#undef CONSTANT
  return record.Done();
}

}  // namespace sockbroker
