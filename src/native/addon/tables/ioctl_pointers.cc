#include "tables/ioctl_pointers.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>

#include "calls/retry.h"

namespace sockbroker {

namespace {

/// The ethtool commands that read from an interface and need no capability. None of these structs
/// contains a pointer.
constexpr uint32_t EthtoolReads[] = {
    ETHTOOL_GSET,       ETHTOOL_GDRVINFO,      ETHTOOL_GMSGLVL,     ETHTOOL_GLINK,
    ETHTOOL_GCOALESCE,  ETHTOOL_GRINGPARAM,    ETHTOOL_GPAUSEPARAM, ETHTOOL_GRXCSUM,
    ETHTOOL_GTXCSUM,    ETHTOOL_GSG,           ETHTOOL_GSTRINGS,    ETHTOOL_GSTATS,
    ETHTOOL_GTSO,       ETHTOOL_GPERMADDR,     ETHTOOL_GUFO,        ETHTOOL_GGSO,
    ETHTOOL_GFLAGS,     ETHTOOL_GPFLAGS,       ETHTOOL_GGRO,        ETHTOOL_GRXRINGS,
    ETHTOOL_GSSET_INFO, ETHTOOL_GFEATURES,     ETHTOOL_GCHANNELS,   ETHTOOL_GET_TS_INFO,
    ETHTOOL_GEEE,       ETHTOOL_GLINKSETTINGS, ETHTOOL_GFECPARAM,
};

/// SIOCGIFCONF. Takes a struct ifconf: uses its length and whether its pointer is NULL. Returns the
/// struct followed by an array of struct ifreq.
int InterfaceConfiguration(int fd, ByteSpan argument, GuardedBuffer& guarded,
                           std::vector<uint8_t>& answer) {
  ifconf given;
  if (argument.size() != sizeof given) return -EINVAL;
  std::memcpy(&given, argument.data(), sizeof given);
  ifconf asked{};
  asked.ifc_len = std::min<int>(given.ifc_len, GuardedBuffer::Capacity);
  uint8_t* list = nullptr;
  if (given.ifc_buf != nullptr) {
    list = guarded.Take(static_cast<size_t>(std::max(asked.ifc_len, 0)));
    asked.ifc_buf = reinterpret_cast<char*>(list);
  }
  int room = asked.ifc_len;
  int error = Retry([&] {
    asked.ifc_len = room;
    return ioctl(fd, SIOCGIFCONF, &asked);
  });
  if (error < 0) return error;
  given.ifc_len = asked.ifc_len;
  auto* bytes = reinterpret_cast<const uint8_t*>(&given);
  answer.assign(bytes, bytes + sizeof given);
  if (list != nullptr)
    answer.insert(answer.end(), list, list + std::clamp(asked.ifc_len, 0, std::max(room, 0)));
  return 0;
}

/// SIOCETHTOOL. Takes a struct ifreq, whose pointer is ignored, followed by one of ethtool's
/// structs.
int Ethtool(int fd, ByteSpan argument, GuardedBuffer& guarded, std::vector<uint8_t>& answer) {
  ifreq request;
  uint32_t command;
  if (argument.size() < sizeof request + sizeof command ||
      argument.size() > sizeof request + GuardedBuffer::Capacity)
    return -EINVAL;
  std::memcpy(&request, argument.data(), sizeof request);
  ByteSpan given = argument.subspan(sizeof request);
  std::memcpy(&command, given.data(), sizeof command);
  if (std::find(std::begin(EthtoolReads), std::end(EthtoolReads), command) ==
      std::end(EthtoolReads))
    return -EOPNOTSUPP;
  uint8_t* data = guarded.Take(given.size());
  std::copy(given.begin(), given.end(), data);
  request.ifr_data = reinterpret_cast<char*>(data);
  int error = Retry([&] { return ioctl(fd, SIOCETHTOOL, &request); });
  if (error < 0) return error;
  answer.assign(argument.begin(), argument.begin() + sizeof request);
  answer.insert(answer.end(), data, data + given.size());
  return 0;
}

}  // namespace

bool HoldsPointer(uint32_t request) {
  return request == SIOCGIFCONF || request == SIOCETHTOOL;
}

int IoctlWithPointer(int fd, uint32_t request, ByteSpan argument, GuardedBuffer& guarded,
                     std::vector<uint8_t>& answer) {
  return request == SIOCGIFCONF ? InterfaceConfiguration(fd, argument, guarded, answer)
                                : Ethtool(fd, argument, guarded, answer);
}

}  // namespace sockbroker
