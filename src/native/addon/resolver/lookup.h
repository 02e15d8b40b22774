#pragma once

#include <napi.h>

#include <memory>

namespace sockbroker {

class Mailbox;
class Pool;

/// One query to the resolver, or another call that may block for long. Created on the environment's
/// thread, run on a pool thread, and returned through the environment's mailbox. If the environment
/// has ended by then, it is deleted on the pool thread.
class Lookup {
 public:
  virtual ~Lookup() = default;
  /// Makes the query. Runs on a pool thread and must not touch JavaScript.
  virtual void Run() = 0;
  /// The value the promise resolves to. Runs on the environment's thread.
  virtual Napi::Value Answer(Napi::Env env) = 0;

  /// Queues the look-up on the resolver's pool, or on another one. The promise is never rejected.
  static Napi::Value Start(Napi::Env env, std::unique_ptr<Lookup> lookup);
  static Napi::Value Start(Napi::Env env, std::unique_ptr<Lookup> lookup, Pool& pool);

  std::shared_ptr<Mailbox> mailbox;
  napi_deferred deferred = nullptr;
  /// Whether it keeps the event loop alive. False for file reads, which may never finish and must
  /// not keep the process from ending.
  bool awaited = true;
  /// A negated errno if no thread could be started to run it, else 0.
  int refused = 0;
};

/// {kind: "eai", code, errno} and {kind: "herrno", code, errno}; errno is only meaningful for
/// EAI_SYSTEM and NETDB_INTERNAL.
Napi::Value EaiFailure(Napi::Env env, int code, int error);
Napi::Value HerrnoFailure(Napi::Env env, int code, int error);

}  // namespace sockbroker
