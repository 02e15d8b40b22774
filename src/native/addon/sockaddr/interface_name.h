#pragma once

#include <string>

namespace sockbroker {

/// Index of an interface in the network namespace of the socket `fd`: 0 for "", -ENODEV,
/// -ENAMETOOLONG.
int InterfaceIndex(int fd, const std::string& name);
/// Name of an interface there; "" for index 0 and for an interface that no longer exists.
std::string InterfaceName(int fd, int index);

}  // namespace sockbroker
