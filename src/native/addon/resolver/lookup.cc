#include "resolver/lookup.h"

#include <netdb.h>

#include "lifetime/environment.h"
#include "resolver/mailbox.h"
#include "resolver/pool.h"
#include "values/record.h"

namespace sockbroker {

namespace {

Napi::Value Failure(Napi::Env env, const char* kind, int code, int error) {
  Record record(env);
  record.Set("kind", Napi::String::New(env, kind));
  record.Set("code", code);
  record.Set("errno", error);
  return record.Done();
}

}  // namespace

Napi::Value Lookup::Start(Napi::Env env, std::unique_ptr<Lookup> lookup) {
  return Start(env, std::move(lookup), Pool::Get());
}

Napi::Value Lookup::Start(Napi::Env env, std::unique_ptr<Lookup> lookup, Pool& pool) {
  napi_value promise;
  if (napi_create_promise(env, &lookup->deferred, &promise) != napi_ok) return {};
  lookup->mailbox = Environment::Of(env).mailbox;
  if (lookup->awaited) lookup->mailbox->Expect();
  pool.Add(std::move(lookup));
  return Napi::Value(env, promise);
}

Napi::Value EaiFailure(Napi::Env env, int code, int error) {
  return Failure(env, "eai", code, code == EAI_SYSTEM ? error : 0);
}

Napi::Value HerrnoFailure(Napi::Env env, int code, int error) {
  return Failure(env, "herrno", code, code == NETDB_INTERNAL ? error : 0);
}

}  // namespace sockbroker
