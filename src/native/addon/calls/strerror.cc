#include <netdb.h>

#include <cstring>

#include "functions.h"
#include "values/arguments.h"
#include "values/record.h"

namespace sockbroker {

namespace {

// glibc's strerror_r(3) returns the text; the POSIX version fills the buffer. Overloads handle
// both.
const char* TextOf(const char* text, const char*) {
  return text;
}
[[maybe_unused]] const char* TextOf(int, const char* buffer) {
  return buffer;
}

}  // namespace

/* Wraps gai_strerror(3). Caps: none. */
Napi::Value GaiStrerror(const Napi::CallbackInfo& info) {
  int32_t code;
  if (!ReadArguments(info, "gaiStrerror", code)) return {};
  return Text(info.Env(), gai_strerror(code));
}

/* Wraps hstrerror(3). Caps: none. */
Napi::Value Hstrerror(const Napi::CallbackInfo& info) {
  int32_t code;
  if (!ReadArguments(info, "hstrerror", code)) return {};
  return Text(info.Env(), hstrerror(code));
}

/* Wraps strerror(3). Caps: none. */
Napi::Value Strerror(const Napi::CallbackInfo& info) {
  int32_t error;
  if (!ReadArguments(info, "strerror", error)) return {};
  char buffer[256] = "";
  return Text(info.Env(), TextOf(strerror_r(error, buffer, sizeof buffer), buffer));
}

}  // namespace sockbroker
