#include <limits.h>
#include <unistd.h>

#include <cstring>

#include "calls/retry.h"
#include "functions.h"
#include "values/arguments.h"
#include "values/record.h"

namespace sockbroker {

/* Wraps gethostname(2). Caps: none. #syscalls uname */
Napi::Value Gethostname(const Napi::CallbackInfo& info) {
  if (!ReadArguments(info, "gethostname")) return {};
  char name[HOST_NAME_MAX + 2] = {};
  int error = Retry([&] { return gethostname(name, sizeof name - 1); });
  return error < 0 ? Int(info.Env(), error) : Text(info.Env(), name);
}

/* Wraps sethostname(2). Caps: sys_admin. #syscalls sethostname */
Napi::Value Sethostname(const Napi::CallbackInfo& info) {
  ByteSpan name;
  if (!ReadArguments(info, "sethostname", name)) return {};
  return Int(info.Env(), Retry([&] {
               return sethostname(reinterpret_cast<const char*>(name.data()), name.size());
             }));
}

}  // namespace sockbroker
