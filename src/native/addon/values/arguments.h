#pragma once

#include <napi.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace sockbroker {

class NativeSocket;

/// The caller's bytes, not copied. Valid until JavaScript runs again.
using ByteSpan = std::span<const uint8_t>;

/// The caller's memory, to be written to. Valid until JavaScript runs again.
using WritableSpan = std::span<uint8_t>;

/// A value of any type, decoded by the function itself.
struct Any {
  napi_value value = nullptr;
};
struct Callable {
  napi_value value = nullptr;
};

// One overload for each type that crosses the boundary. Returns false, without throwing, if `value`
// has another type.
bool Read(napi_env env, napi_value value, int32_t& out);
bool Read(napi_env env, napi_value value, uint32_t& out);
bool Read(napi_env env, napi_value value, uint16_t& out);
bool Read(napi_env env, napi_value value, uint8_t& out);
bool Read(napi_env env, napi_value value, uint64_t& out);
bool Read(napi_env env, napi_value value, std::string& out);
bool Read(napi_env env, napi_value value, ByteSpan& out);
bool Read(napi_env env, napi_value value, WritableSpan& out);
bool Read(napi_env env, napi_value value, NativeSocket*& out);
bool Read(napi_env env, napi_value value, Callable& out);
inline bool Read(napi_env, napi_value value, Any& out) {
  out.value = value;
  return true;
}

bool IsNull(napi_env env, napi_value value);

template <typename T>
bool Read(napi_env env, napi_value value, std::optional<T>& out) {
  if (IsNull(env, value)) {
    out.reset();
    return true;
  }
  return Read(env, value, out.emplace());
}

// The expected type, for the TypeError's message.
constexpr const char* Name(const int32_t&) {
  return "an integer from -2147483648 to 2147483647";
}
constexpr const char* Name(const uint32_t&) {
  return "an integer from 0 to 4294967295";
}
constexpr const char* Name(const uint16_t&) {
  return "an integer from 0 to 65535";
}
constexpr const char* Name(const uint8_t&) {
  return "an integer from 0 to 255";
}
constexpr const char* Name(const uint64_t&) {
  return "a bigint from 0 to 2^64-1";
}
constexpr const char* Name(const std::string&) {
  return "a string";
}
constexpr const char* Name(const ByteSpan&) {
  return "a Uint8Array";
}
constexpr const char* Name(const WritableSpan&) {
  return "a Uint8Array";
}
constexpr const char* Name(NativeSocket* const&) {
  return "a NativeSocket";
}
constexpr const char* Name(const Callable&) {
  return "a function";
}
constexpr const char* Name(const Any&) {
  return "a value";
}
template <typename T>
constexpr const char* Name(const std::optional<T>&) {
  return Name(T{});
}
template <typename T>
constexpr bool Nullable(const T&) {
  return false;
}
template <typename T>
constexpr bool Nullable(const std::optional<T>&) {
  return true;
}

void ThrowWrongCount(napi_env env, const char* function, size_t wanted, size_t given);
void ThrowWrongType(napi_env env, const char* function, size_t index, const char* wanted,
                    bool nullable);
void ThrowWrongProperty(napi_env env, const char* property, const char* wanted);

/// Reads exactly as many arguments as `out` has elements. On a mismatch throws a TypeError that
/// names the function, the argument and the expected type, and returns false.
template <typename... Ts>
[[nodiscard]] bool ReadArguments(const Napi::CallbackInfo& info, const char* function, Ts&... out) {
  if (info.Length() != sizeof...(Ts)) {
    ThrowWrongCount(info.Env(), function, sizeof...(Ts), info.Length());
    return false;
  }
  size_t index = 0;
  [[maybe_unused]] auto one = [&](auto& target) {
    if (Read(info.Env(), info[index], target)) {
      index++;
      return true;
    }
    ThrowWrongType(info.Env(), function, index, Name(target), Nullable(target));
    return false;
  };
  return (one(out) && ...);
}

/// Reads one property of a record. Returns false after a TypeError, or after whatever a getter
/// threw.
template <typename T>
[[nodiscard]] bool ReadProperty(napi_env env, napi_value object, const char* property, T& out) {
  napi_value value;
  if (napi_get_named_property(env, object, property, &value) == napi_ok && Read(env, value, out))
    return true;
  ThrowWrongProperty(env, property, Name(out));
  return false;
}

/// Calls `each(element, index)` for the elements of an array until it returns false. Returns false
/// in that case and after a TypeError.
template <typename Each>
[[nodiscard]] bool ForEach(napi_env env, napi_value array, const char* what, Each each) {
  bool is_array = false;
  uint32_t length = 0;
  if (napi_is_array(env, array, &is_array) != napi_ok || !is_array ||
      napi_get_array_length(env, array, &length) != napi_ok) {
    ThrowWrongProperty(env, what, "an array");
    return false;
  }
  for (uint32_t index = 0; index < length; index++) {
    napi_value element;
    if (napi_get_element(env, array, index, &element) != napi_ok || !each(element, index))
      return false;
  }
  return true;
}

/// Whether the text contains a NUL, at which C would truncate it.
inline bool HasNul(const std::string& text) {
  return text.find('\0') != std::string::npos;
}

}  // namespace sockbroker
