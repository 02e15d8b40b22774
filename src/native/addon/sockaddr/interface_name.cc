#include "sockaddr/interface_name.h"

#include <net/if.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>

#include "calls/retry.h"
#include "sockaddr/sockaddr.h"

namespace sockbroker {

// if_nametoindex(3) would use a new socket in the thread's network namespace; this socket may be in
// another.

int InterfaceIndex(int fd, const std::string& name) {
  if (name.empty()) return 0;
  if (name.size() >= IFNAMSIZ) return -ENAMETOOLONG;
  if (fd == NoSocket) {
    unsigned index = if_nametoindex(name.c_str());
    return index == 0 ? -ENODEV : static_cast<int>(index);
  }
  ifreq request{};
  std::memcpy(request.ifr_name, name.data(), name.size());
  int error = Retry([&] { return ioctl(fd, SIOCGIFINDEX, &request); });
  return error < 0 ? error : request.ifr_ifindex;
}

std::string InterfaceName(int fd, int index) {
  ifreq request{};
  if (index == 0) return "";
  if (fd == NoSocket) {
    return if_indextoname(static_cast<unsigned>(index), request.ifr_name) != nullptr
               ? request.ifr_name
               : "";
  }
  request.ifr_ifindex = index;
  if (Retry([&] { return ioctl(fd, SIOCGIFNAME, &request); }) < 0) return "";
  return std::string(request.ifr_name, strnlen(request.ifr_name, IFNAMSIZ));
}

}  // namespace sockbroker
