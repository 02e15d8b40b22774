#include <sys/socket.h>
// Must come after the C library's header.
#include <linux/vm_sockets.h>

#include "sockaddr/codecs.h"

namespace sockbroker {

Encoded EncodeVsock(napi_env env, napi_value address, int, SockaddrBuffer& out) {
  sockaddr_vm vm{};
  vm.svm_family = AF_VSOCK;
  if (!ReadProperty(env, address, "cid", vm.svm_cid) ||
      !ReadProperty(env, address, "port", vm.svm_port)) {
    return {};
  }
  return out.Store(vm);
}

Napi::Value DecodeVsock(Napi::Env env, const SockaddrBuffer& address, int) {
  auto vm = address.Load<sockaddr_vm>();
  Record record(env);
  record.Set("kind", "vsock");
  record.Set("cid", vm.svm_cid);
  record.Set("port", vm.svm_port);
  return record.Done();
}

}  // namespace sockbroker
