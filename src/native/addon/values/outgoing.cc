#include "values/outgoing.h"

#include "values/arguments.h"
#include "values/cmsg.h"

namespace sockbroker {

std::optional<int> PrepareHeader(napi_env env, napi_value address, napi_value control, int fd,
                                 OutgoingParts& parts, msghdr& header) {
  auto result = WriteControl(env, control, parts.control);
  if (!result || *result < 0) return result;
  if (!parts.control.empty()) {
    header.msg_control = parts.control.data();
    header.msg_controllen = parts.control.size();
  }
  if (IsNull(env, address)) return 0;
  result = EncodeSockaddr(env, address, fd, parts.address);
  header.msg_name = parts.address.Get();
  header.msg_namelen = parts.address.length;
  return result;
}

}  // namespace sockbroker
