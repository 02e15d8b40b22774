#include <algorithm>
#include <cerrno>

#include "functions.h"
#include "lifetime/environment.h"
#include "sockaddr/sockaddr.h"
#include "values/arguments.h"
#include "values/record.h"

namespace sockbroker {

namespace {

Napi::Value EncodeForTest(const Napi::CallbackInfo& info) {
  Any address;
  SockaddrBuffer buffer;
  if (!ReadArguments(info, "encodeSockaddr", address)) return {};
  auto encoded = EncodeSockaddr(info.Env(), address.value, NoSocket, buffer);
  if (!encoded) return {};
  return *encoded < 0 ? Int(info.Env(), *encoded) : Bytes(info.Env(), buffer.Get(), buffer.length);
}

Napi::Value DecodeForTest(const Napi::CallbackInfo& info) {
  ByteSpan bytes;
  SocketFacts facts;
  if (!ReadArguments(info, "decodeSockaddr", bytes, facts.family, facts.type, facts.protocol))
    return {};
  facts.addressing = facts.protocol;
  SockaddrBuffer buffer;
  size_t size = std::min(bytes.size(), sizeof buffer.storage);
  std::copy_n(bytes.begin(), size, reinterpret_cast<uint8_t*>(&buffer.storage));
  buffer.length = static_cast<socklen_t>(size);
  return DecodeSockaddr(info.Env(), buffer, NoSocket, facts);
}

// A guarded buffer is used from its end backwards, so taking 0 bytes returns its end.
uint8_t* StartOf(GuardedBuffer& guarded) {
  return guarded.Take(0) - GuardedBuffer::Capacity;
}

Napi::Value FillGuarded(const Napi::CallbackInfo& info) {
  uint8_t value;
  if (!ReadArguments(info, "fillGuarded", value)) return {};
  std::fill_n(StartOf(*Environment::Of(info.Env()).guarded), GuardedBuffer::Capacity, value);
  return info.Env().Undefined();
}

Napi::Value GuardedBytes(const Napi::CallbackInfo& info) {
  if (!ReadArguments(info, "guardedBytes")) return {};
  return Bytes(info.Env(), StartOf(*Environment::Of(info.Env()).guarded), GuardedBuffer::Capacity);
}

}  // namespace

// The addon, and `testing`: functions that only tests use.
static Napi::Object InitForTests(Napi::Env env, Napi::Object exports) {
  exports = Init(env, exports);
  if (env.IsExceptionPending()) return exports;
  auto testing = Napi::Object::New(env);
  testing.Set("encodeSockaddr", Napi::Function::New<EncodeForTest>(env, "encodeSockaddr"));
  testing.Set("decodeSockaddr", Napi::Function::New<DecodeForTest>(env, "decodeSockaddr"));
  testing.Set("fillGuarded", Napi::Function::New<FillGuarded>(env, "fillGuarded"));
  testing.Set("guardedBytes", Napi::Function::New<GuardedBytes>(env, "guardedBytes"));
  exports.Set("testing", testing);
  return exports;
}

NODE_API_MODULE(NODE_GYP_MODULE_NAME, InitForTests)

}  // namespace sockbroker
