#pragma once

#include <napi.h>

#include <memory>

namespace sockbroker {

class Mailbox;
class Pool;

/// One question to the resolver, or another call that may wait for long. It is made on the
/// environment's thread, runs on one of the resolver's, and goes back through the environment's
/// mailbox; if the environment has ended by then, it is deleted where it ran.
class Lookup {
 public:
  virtual ~Lookup() = default;
  /// Asks. Runs on a thread of the pool and must not touch JavaScript.
  virtual void Run() = 0;
  /// What the promise resolves to. Runs on the environment's thread.
  virtual Napi::Value Answer(Napi::Env env) = 0;

  /// Hands the look-up to the resolver, or to another pool. The promise is never rejected.
  static Napi::Value Start(Napi::Env env, std::unique_ptr<Lookup> lookup);
  static Napi::Value Start(Napi::Env env, std::unique_ptr<Lookup> lookup, Pool& pool);

  std::shared_ptr<Mailbox> mailbox;
  napi_deferred deferred = nullptr;
  /// Whether the loop waits for it. A file may never be read, and the process is to end all the
  /// same.
  bool awaited = true;
  /// Not 0 if no thread could be had to run it: a negated errno.
  int refused = 0;
};

/// {kind: "eai", code, errno} and {kind: "herrno", code, errno}; errno counts for EAI_SYSTEM and
/// NETDB_INTERNAL only.
Napi::Value EaiFailure(Napi::Env env, int code, int error);
Napi::Value HerrnoFailure(Napi::Env env, int code, int error);

}  // namespace sockbroker
