#include "functions.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>

#include <cerrno>

#include "calls/retry.h"
#include "lifetime/native_socket.h"
#include "lifetime/thread.h"
#include "values/arguments.h"
#include "values/record.h"

namespace sockbroker {

namespace {

struct Order {
  int family;
  int type;
  int protocol;
  int netns;
  int result;
};

int Open(const Order& order) {
  return Retry([&] {
    return socket(order.family, order.type | SOCK_CLOEXEC | SOCK_NONBLOCK, order.protocol);
  });
}

/// Runs on a dedicated thread, because setns(2) back to the original namespace could fail.
void* OpenInNetns(void* argument) {
  auto* order = static_cast<Order*>(argument);
  int error = Retry([&] { return setns(order->netns, CLONE_NEWNET); });
  order->result = error < 0 ? error : Open(*order);
  return nullptr;
}

}  // namespace

/* Wraps socket(2). Caps: net_raw for raw and packet sockets, sys_admin for another netns. #syscalls
 * socket setns */
Napi::Value Socket(const Napi::CallbackInfo& info) {
  Order order{};
  std::optional<NativeSocket*> netns;
  if (!ReadArguments(info, "socket", order.family, order.type, order.protocol, netns)) return {};
  if (netns) {
    order.netns = (*netns)->Fd();
    int error = order.netns < 0 ? -EBADF : RunOnThread(OpenInNetns, &order);
    if (error < 0) order.result = error;
  } else {
    order.result = Open(order);
  }
  if (order.result < 0) return Int(info.Env(), order.result);
  return NativeSocket::Make(info.Env(), UniqueFd(order.result));
}

}  // namespace sockbroker
