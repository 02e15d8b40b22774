#pragma once

// The headers that define tables/linux.inc. They do not include Node's headers, because
// scripts/generate-linux-constants.mjs compiles the table without Node.

#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
// After the C library's headers, which they agree with only in this order.
#include <linux/can.h>
#include <linux/ethtool.h>
#include <linux/if_alg.h>
#include <linux/if_packet.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <linux/tipc.h>

#include <cerrno>
#include <climits>
#include <cstddef>

#include "sockaddr/bluetooth.h"
#include "tables/socket_constants.h"

// Defined in <linux/un.h>, which conflicts with <sys/un.h>.
#define UNIX_PATH_MAX static_cast<int>(sizeof(sockaddr_un::sun_path))

// Where the members of struct tcp_info are that the daemon reads.
#define TCPI_SACKED_OFFSET offsetof(tcp_info, tcpi_sacked)
#define TCPI_UNACKED_OFFSET offsetof(tcp_info, tcpi_unacked)
