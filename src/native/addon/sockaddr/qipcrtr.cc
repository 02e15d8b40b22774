#include <linux/qrtr.h>

#include "sockaddr/codecs.h"

namespace sockbroker {

Encoded EncodeQipcrtr(napi_env env, napi_value address, int, SockaddrBuffer& out) {
  sockaddr_qrtr qrtr{};
  qrtr.sq_family = AF_QIPCRTR;
  if (!ReadProperty(env, address, "node", qrtr.sq_node) ||
      !ReadProperty(env, address, "port", qrtr.sq_port)) {
    return {};
  }
  return out.Store(qrtr);
}

Napi::Value DecodeQipcrtr(Napi::Env env, const SockaddrBuffer& address, int) {
  auto qrtr = address.Load<sockaddr_qrtr>();
  Record record(env);
  record.Set("kind", "qipcrtr");
  record.Set("node", static_cast<uint32_t>(qrtr.sq_node));
  record.Set("port", static_cast<uint32_t>(qrtr.sq_port));
  return record.Done();
}

}  // namespace sockbroker
