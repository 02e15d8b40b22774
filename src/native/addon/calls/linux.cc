#include "functions.h"
#include "tables/linux_headers.h"
#include "values/record.h"

namespace sockbroker {

Napi::Value Linux(Napi::Env env) {
  Record record(env);
#define CONSTANT(name) record.Set(#name, static_cast<int32_t>(name));
#include "tables/linux.inc"
#undef CONSTANT
  return record.Done();
}

}  // namespace sockbroker
