#include "tables/sockopt_pointers.h"

#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/rds.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "calls/retry.h"
#include "tables/socket_constants.h"

namespace sockbroker {

namespace {

struct Row {
  int level;
  int first;
  int last;
  OptionValue value;
};

// {level, first name, last name}. Netfilter's tables contain a pointer to which the kernel writes
// the old counters; XDP_UMEM_REG a pointer to memory for packets; RDS_GET_MR a pointer for a
// cookie. A ring allocates up to gigabytes of kernel memory that no caller could map.
constexpr Row Rows[] = {
    {SOL_SOCKET, SO_ATTACH_FILTER, SO_ATTACH_FILTER, OptionValue::Filter},
    {SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, SO_ATTACH_REUSEPORT_CBPF, OptionValue::Filter},
    {SOL_PACKET, PACKET_FANOUT_DATA, PACKET_FANOUT_DATA, OptionValue::Filter},
    {SOL_SOCKET, SO_ATTACH_BPF, SO_ATTACH_BPF, OptionValue::Foreign},
    {SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF, SO_ATTACH_REUSEPORT_EBPF, OptionValue::Foreign},
    {IPPROTO_IP, 64, 67, OptionValue::Foreign},    // IPT_SO_SET_*
    {IPPROTO_IP, 96, 99, OptionValue::Foreign},    // ARPT_SO_SET_*
    {IPPROTO_IP, 128, 131, OptionValue::Foreign},  // EBT_SO_SET_*
    {IPPROTO_IPV6, 64, 65, OptionValue::Foreign},  // IP6T_SO_SET_*
    {SOL_XDP, 2, 6, OptionValue::Foreign},         // XDP_*_RING, XDP_UMEM_*
    {SOL_PACKET, PACKET_RX_RING, PACKET_RX_RING, OptionValue::Foreign},
    {SOL_PACKET, PACKET_TX_RING, PACKET_TX_RING, OptionValue::Foreign},
    {SOL_NETLINK, 6, 7, OptionValue::Foreign},  // NETLINK_RX_RING, NETLINK_TX_RING
    {SOL_RDS, RDS_GET_MR, RDS_GET_MR, OptionValue::Foreign},
    {SOL_RDS, RDS_GET_MR_FOR_DEST, RDS_GET_MR_FOR_DEST, OptionValue::Foreign},
};

constexpr bool Overlap() {
  for (const Row& a : Rows) {
    if (a.first > a.last) return true;
    for (const Row& b : Rows) {
      if (&a != &b && a.level == b.level && a.first <= b.last && b.first <= a.last) return true;
    }
  }
  return false;
}
static_assert(!Overlap());

constexpr int SctpLevel = 132;
constexpr int SctpPeeloff = 102;
constexpr int SctpPeeloffFlags = 122;
constexpr int TcpZerocopyReceive = 35;

}  // namespace

OptionValue Classify(int level, int name) {
  for (const Row& row : Rows) {
    if (row.level == level && row.first <= name && name <= row.last) return row.value;
  }
  return OptionValue::Plain;
}

int SetFilter(int fd, int level, int name, ByteSpan program) {
  if (program.size() % sizeof(sock_filter) != 0 ||
      program.size() / sizeof(sock_filter) > BPF_MAXINSNS)
    return -EINVAL;
  sock_filter instructions[BPF_MAXINSNS];
  if (!program.empty()) std::memcpy(instructions, program.data(), program.size());
  sock_fprog value = {static_cast<unsigned short>(program.size() / sizeof(sock_filter)),
                      instructions};
  return Retry([&] { return setsockopt(fd, level, name, &value, sizeof value); });
}

bool RefusesReading(int level, int name) {
  return (level == SOL_SOCKET && name == SO_PEERPIDFD) ||
         (level == SctpLevel && (name == SctpPeeloff || name == SctpPeeloffFlags)) ||
         (level == IPPROTO_TCP && name == TcpZerocopyReceive);
}

bool CountsInstructions(int level, int name) {
  return level == SOL_SOCKET && name == SO_GET_FILTER;
}

}  // namespace sockbroker
