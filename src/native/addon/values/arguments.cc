#include "values/arguments.h"

#include <cmath>
#include <limits>
#include <string>

#include "lifetime/native_socket.h"

namespace sockbroker {

namespace {

template <typename T>
bool ReadInteger(napi_env env, napi_value value, T& out) {
  double number;
  if (napi_get_value_double(env, value, &number) != napi_ok) return false;
  // The comparison is false for NaN.
  if (!(number >= std::numeric_limits<T>::min() && number <= std::numeric_limits<T>::max()))
    return false;
  out = static_cast<T>(number);
  return out == number;
}

void ThrowTypeError(napi_env env, const std::string& message) {
  // An exception thrown by a getter or a proxy takes precedence.
  bool pending = false;
  if (napi_is_exception_pending(env, &pending) != napi_ok || pending) return;
  napi_throw_type_error(env, nullptr, message.c_str());
}

}  // namespace

bool Read(napi_env env, napi_value value, int32_t& out) {
  return ReadInteger(env, value, out);
}
bool Read(napi_env env, napi_value value, uint32_t& out) {
  return ReadInteger(env, value, out);
}
bool Read(napi_env env, napi_value value, uint16_t& out) {
  return ReadInteger(env, value, out);
}
bool Read(napi_env env, napi_value value, uint8_t& out) {
  return ReadInteger(env, value, out);
}

bool Read(napi_env env, napi_value value, uint64_t& out) {
  bool lossless = false;
  return napi_get_value_bigint_uint64(env, value, &out, &lossless) == napi_ok && lossless;
}

bool Read(napi_env env, napi_value value, std::string& out) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) return false;
  out.resize(length);
  // The terminator overwrites the string's own terminator.
  return napi_get_value_string_utf8(env, value, out.data(), length + 1, &length) == napi_ok;
}

bool Read(napi_env env, napi_value value, WritableSpan& out) {
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok)
    return false;
  if (type != napi_uint8_array) return false;
  out = WritableSpan(static_cast<uint8_t*>(data), length);
  return true;
}

bool Read(napi_env env, napi_value value, ByteSpan& out) {
  WritableSpan writable;
  if (!Read(env, value, writable)) return false;
  out = writable;
  return true;
}

bool Read(napi_env env, napi_value value, NativeSocket*& out) {
  out = NativeSocket::From(env, value);
  return out != nullptr;
}

bool Read(napi_env env, napi_value value, Callable& out) {
  napi_valuetype type;
  out.value = value;
  return napi_typeof(env, value, &type) == napi_ok && type == napi_function;
}

bool IsNull(napi_env env, napi_value value) {
  napi_valuetype type;
  return napi_typeof(env, value, &type) == napi_ok && type == napi_null;
}

void ThrowWrongCount(napi_env env, const char* function, size_t wanted, size_t given) {
  ThrowTypeError(env, std::string(function) + " takes " + std::to_string(wanted) + " arguments (" +
                          std::to_string(given) + " given)");
}

void ThrowWrongType(napi_env env, const char* function, size_t index, const char* wanted,
                    bool nullable) {
  ThrowTypeError(env, std::string(function) + ": argument " + std::to_string(index + 1) +
                          " must be " + wanted + (nullable ? " or null" : ""));
}

void ThrowWrongProperty(napi_env env, const char* property, const char* wanted) {
  ThrowTypeError(env, std::string("property ") + property + " must be " + wanted);
}

}  // namespace sockbroker
