#pragma once

#include <napi.h>

#include <memory>

namespace sockbroker {

class Mailbox;

/// One question to the resolver. It is made on the environment's thread, runs on one of the
/// resolver's, and goes back through the environment's mailbox; if the environment has ended by
/// then, it is deleted where it ran.
class Lookup {
 public:
  virtual ~Lookup() = default;
  /// Asks. Runs on a thread of the resolver's and must not touch JavaScript.
  virtual void Run() = 0;
  /// What the promise resolves to. Runs on the environment's thread.
  virtual Napi::Value Answer(Napi::Env env) = 0;

  /// Hands the look-up to the resolver. The promise is never rejected.
  static Napi::Value Start(Napi::Env env, std::unique_ptr<Lookup> lookup);

  std::shared_ptr<Mailbox> mailbox;
  napi_deferred deferred = nullptr;
  /// Not 0 if no thread could be had to run it: a negated errno.
  int refused = 0;
};

/// {kind: "eai", code, errno} and {kind: "herrno", code, errno}; errno counts for EAI_SYSTEM and
/// NETDB_INTERNAL only.
Napi::Value EaiFailure(Napi::Env env, int code, int error);
Napi::Value HerrnoFailure(Napi::Env env, int code, int error);

}  // namespace sockbroker
