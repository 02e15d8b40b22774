#pragma once

#include <napi.h>

#include <cstdint>
#include <string_view>

namespace sockbroker {

/// Builds a plain object. After a failed call the following calls do nothing, and `Done` returns an
/// empty value.
class Record {
 public:
  explicit Record(napi_env env) : env_(env) { ok_ = napi_create_object(env, &object_) == napi_ok; }

  void Set(const char* name, napi_value value) {
    ok_ = ok_ && value != nullptr && napi_set_named_property(env_, object_, name, value) == napi_ok;
  }
  void Set(const char* name, int32_t value) {
    napi_value number;
    if (napi_create_int32(env_, value, &number) == napi_ok) Set(name, number);
  }
  void Set(const char* name, uint32_t value) {
    napi_value number;
    if (napi_create_uint32(env_, value, &number) == napi_ok) Set(name, number);
  }
  void Set(const char* name, std::string_view value) {
    napi_value text;
    if (napi_create_string_utf8(env_, value.data(), value.size(), &text) == napi_ok)
      Set(name, text);
  }
  void SetNull(const char* name) {
    napi_value null;
    if (napi_get_null(env_, &null) == napi_ok) Set(name, null);
  }

  Napi::Value Done() const { return ok_ ? Napi::Value(env_, object_) : Napi::Value(); }

 private:
  napi_env env_;
  napi_value object_ = nullptr;
  bool ok_;
};

/// A number: a value or -errno.
inline Napi::Value Int(napi_env env, int64_t value) {
  napi_value number;
  if (napi_create_int64(env, value, &number) != napi_ok) return {};
  return Napi::Value(env, number);
}

/// A Buffer with a copy of `size` bytes.
inline Napi::Value Bytes(napi_env env, const void* data, size_t size) {
  napi_value buffer;
  if (napi_create_buffer_copy(env, size, data, nullptr, &buffer) != napi_ok) return {};
  return Napi::Value(env, buffer);
}

inline Napi::Value Text(napi_env env, std::string_view text) {
  napi_value string;
  if (napi_create_string_utf8(env, text.data(), text.size(), &string) != napi_ok) return {};
  return Napi::Value(env, string);
}

}  // namespace sockbroker
