#pragma once

// Kernel constants that older C library headers lack.

#include <sys/socket.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif
#ifndef SCM_PIDFD
#define SCM_PIDFD 0x04
#endif
#ifndef SOL_XDP
#define SOL_XDP 283
#endif
#ifndef SOL_RDS
#define SOL_RDS 276
#endif
#ifndef MSG_ZEROCOPY
#define MSG_ZEROCOPY 0x4000000
#endif
