#pragma once

#include <string>

namespace sockbroker {

/// The index of an interface in the network namespace of the socket `fd`: 0 for "", -ENODEV,
/// -ENAMETOOLONG.
int InterfaceIndex(int fd, const std::string& name);
/// Its name there, or "" for index 0 and for an interface that is gone.
std::string InterfaceName(int fd, int index);

}  // namespace sockbroker
