#include <sys/socket.h>

#include "functions.h"
#include "values/arguments.h"
#include "values/record.h"

namespace sockbroker {

/* Wraps CMSG_LEN(3). Caps: none. */
Napi::Value CmsgLen(const Napi::CallbackInfo& info) {
  uint32_t length;
  if (!ReadArguments(info, "cmsgLen", length)) return {};
  return Int(info.Env(), static_cast<int64_t>(CMSG_LEN(static_cast<size_t>(length))));
}

/* Wraps CMSG_SPACE(3). Caps: none. */
Napi::Value CmsgSpace(const Napi::CallbackInfo& info) {
  uint32_t length;
  if (!ReadArguments(info, "cmsgSpace", length)) return {};
  return Int(info.Env(), static_cast<int64_t>(CMSG_SPACE(static_cast<size_t>(length))));
}

}  // namespace sockbroker
