#include <arpa/inet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netatalk/at.h>
#include <netax25/ax25.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <netipx/ipx.h>
#include <netrom/netrom.h>
#include <netrose/rose.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
// Must come after the C library's headers: in any other order both define the same types.
#include <linux/can.h>
#include <linux/can/bcm.h>
#include <linux/can/isotp.h>
#include <linux/can/j1939.h>
#include <linux/can/raw.h>
#include <linux/if_alg.h>
#include <linux/if_packet.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netlink.h>
#include <linux/qrtr.h>
#include <linux/rds.h>
#include <linux/tipc.h>
#include <linux/vm_sockets.h>

#include <cerrno>
#include <cstdint>
#include <variant>

#include "functions.h"
#include "sockaddr/bluetooth.h"
#include "values/arguments.h"
#include "values/record.h"

namespace sockbroker {

namespace {

// Fallbacks of CPython's socket module for constants that <netinet/in.h> may lack.
#ifndef IPPORT_RESERVED
#define IPPORT_RESERVED 1024
#endif
#ifndef IPPORT_USERRESERVED
#define IPPORT_USERRESERVED 5000
#endif
// From the public-key interface of AF_ALG, which was never merged into the kernel. Python defines
// these constants regardless.
#ifndef ALG_SET_PUBKEY
#define ALG_SET_PUBKEY 6
#define ALG_OP_SIGN 2
#define ALG_OP_VERIFY 3
#endif
// Defined in <netinet/udplite.h> on other systems. On Linux no kernel or C library header has them.
#ifndef UDPLITE_SEND_CSCOV
#define UDPLITE_SEND_CSCOV 10
#define UDPLITE_RECV_CSCOV 11
#endif

struct Constant {
  const char* name;
  std::variant<int64_t, const char*, bool> value;
};

const Constant Table[] = {
#include "tables/constants.inc"
};

napi_value ToValue(Napi::Env env, const Constant& constant) {
  if (auto* number = std::get_if<int64_t>(&constant.value)) return Napi::BigInt::New(env, *number);
  if (auto* text = std::get_if<const char*>(&constant.value)) return Text(env, *text);
  return Napi::Boolean::New(env, std::get<bool>(constant.value));
}

}  // namespace

Napi::Value Constants(const Napi::CallbackInfo& info) {
  if (!ReadArguments(info, "constants")) return {};
  auto array = Napi::Array::New(info.Env());
  uint32_t index = 0;
  for (const Constant& constant : Table) {
    Record record(info.Env());
    record.Set("name", constant.name);
    record.Set("value", ToValue(info.Env(), constant));
    Napi::Value value = record.Done();
    if (value.IsEmpty()) return {};
    array.Set(index++, value);
  }
  return array;
}

}  // namespace sockbroker
