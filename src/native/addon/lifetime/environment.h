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

/// What one JavaScript environment (the main thread, or a worker) has for itself. There is no other
/// mutable state but the resolver's threads and those that close descriptors, which are the
/// process's.
class Environment {
 public:
  /// Makes the environment's data and registers its end. False after a throw.
  static bool Create(Napi::Env env);
  static Environment& Of(napi_env env);

  uv_loop_t* loop = nullptr;
  Napi::FunctionReference socket_class;
  /// The descriptor that the NativeSocket constructor, while it runs, takes over. Empty at all
  /// other times, which is why `new socket.constructor()` in JavaScript gets nothing.
  UniqueFd* being_born = nullptr;
  std::shared_ptr<Mailbox> mailbox;
  std::unordered_set<Poller*> pollers;
  /// Where reads land before they are copied out at their true size. It is address space only until
  /// a read fills it.
  static constexpr size_t ScratchBytes = 1024 * 1024;
  const std::unique_ptr<uint8_t[]> scratch{new uint8_t[ScratchBytes]};
  std::unique_ptr<GuardedBuffer> guarded;
  /// See follow.cc.
  UniqueFd followed;
};

}  // namespace sockbroker
