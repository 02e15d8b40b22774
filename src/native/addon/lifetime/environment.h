#pragma once

#include <napi.h>
#include <uv.h>

#include <cstdint>
#include <memory>
#include <unordered_set>

#include "lifetime/unique_fd.h"
#include "resolver/mailbox.h"
#include "values/guarded_buffer.h"

namespace sockbroker {

class Poller;

/// State of one JavaScript environment (the main thread or a worker). All other mutable state is
/// process-wide: the resolver's threads and the threads that close descriptors.
class Environment {
 public:
  /// Creates the environment's data and registers its clean-up. Returns false after a throw.
  static bool Create(Napi::Env env);
  static Environment& Of(napi_env env);

  uv_loop_t* loop = nullptr;
  Napi::FunctionReference socket_class;
  /// The descriptor that the NativeSocket constructor takes ownership of while it runs. Null at all
  /// other times, so that `new socket.constructor()` in JavaScript creates a closed object.
  UniqueFd* adopted_fd = nullptr;
  std::shared_ptr<Mailbox> mailbox;
  std::unordered_set<Poller*> pollers;
  /// Reads go here first and are then copied at their actual size. The pages are not allocated
  /// until a read writes to them.
  static constexpr size_t ScratchBytes = 1024 * 1024;
  const std::unique_ptr<uint8_t[]> scratch{new uint8_t[ScratchBytes]};
  std::unique_ptr<GuardedBuffer> guarded;
  /// See follow.cc.
  UniqueFd followed;
};

}  // namespace sockbroker
