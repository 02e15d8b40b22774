#include <arpa/inet.h>
#include <linux/if_packet.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "sockaddr/codecs.h"
#include "sockaddr/interface_name.h"

namespace sockbroker {

Encoded EncodePacket(napi_env env, napi_value address, int fd, SockaddrBuffer& out) {
  std::string interface;
  uint16_t protocol;
  ByteSpan hardware_address;
  sockaddr_ll ll{};
  ll.sll_family = AF_PACKET;
  if (!ReadProperty(env, address, "interface", interface) ||
      !ReadProperty(env, address, "protocol", protocol) ||
      !ReadProperty(env, address, "packetType", ll.sll_pkttype) ||
      !ReadProperty(env, address, "hardwareType", ll.sll_hatype) ||
      !ReadProperty(env, address, "hardwareAddress", hardware_address)) {
    return {};
  }
  if (hardware_address.size() > sizeof ll.sll_addr) return -EINVAL;
  int index = InterfaceIndex(fd, interface);
  if (index < 0) return index;
  ll.sll_ifindex = index;
  ll.sll_protocol = htons(protocol);
  ll.sll_halen = static_cast<uint8_t>(hardware_address.size());
  std::copy(hardware_address.begin(), hardware_address.end(), ll.sll_addr);
  return out.Store(ll);
}

Napi::Value DecodePacket(Napi::Env env, const SockaddrBuffer& address, int fd) {
  auto ll = address.Load<sockaddr_ll>();
  // Infiniband and tunnel addresses have up to 32 bytes, which the kernel writes past the end of
  // the struct.
  size_t offset = offsetof(sockaddr_ll, sll_addr);
  size_t room = std::min<size_t>(address.length, sizeof address.storage) - offset;
  Record record(env);
  record.Set("kind", "packet");
  record.Set("interface", InterfaceName(fd, ll.sll_ifindex));
  record.Set("protocol", static_cast<uint32_t>(ntohs(ll.sll_protocol)));
  record.Set("packetType", static_cast<uint32_t>(ll.sll_pkttype));
  record.Set("hardwareType", static_cast<uint32_t>(ll.sll_hatype));
  record.Set("hardwareAddress",
             Bytes(env, address.Bytes() + offset, std::min<size_t>(ll.sll_halen, room)));
  return record.Done();
}

}  // namespace sockbroker
