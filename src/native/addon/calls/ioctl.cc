#include <linux/sockios.h>
#include <linux/tipc.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <vector>

#include "calls/retry.h"
#include "lifetime/environment.h"
#include "lifetime/native_socket.h"
#include "tables/ioctl_pointers.h"
#include "values/arguments.h"
#include "values/record.h"

namespace sockbroker {

namespace {

/*
 * The type of an ioctl's argument depends on the request, and is often a struct that contains
 * pointers. Only the requests in this table are made, and those in ioctl_pointers.cc. Each has an
 * argument of known size without pointers or descriptors. None changes an interface or the
 * descriptor's mode.
 */
struct Request {
  unsigned long number;
  size_t size;
};

constexpr Request Requests[] = {
    {FIONREAD, sizeof(int)},
    {SIOCOUTQ, sizeof(int)},
    {SIOCOUTQNSD, sizeof(int)},
    {SIOCATMARK, sizeof(int)},
    {SIOCGPGRP, sizeof(int)},
    {IOCTL_VM_SOCKETS_GET_LOCAL_CID, sizeof(int)},
    {SIOCGSTAMP_OLD, 2 * sizeof(long)},
    {SIOCGSTAMPNS_OLD, 2 * sizeof(long)},
    {SIOCGSTAMP_NEW, 16},
    {SIOCGSTAMPNS_NEW, 16},
    {SIOCGIFNAME, sizeof(ifreq)},
    {SIOCGIFINDEX, sizeof(ifreq)},
    {SIOCGIFFLAGS, sizeof(ifreq)},
    {SIOCGIFADDR, sizeof(ifreq)},
    {SIOCGIFDSTADDR, sizeof(ifreq)},
    {SIOCGIFBRDADDR, sizeof(ifreq)},
    {SIOCGIFNETMASK, sizeof(ifreq)},
    {SIOCGIFMETRIC, sizeof(ifreq)},
    {SIOCGIFMTU, sizeof(ifreq)},
    {SIOCGIFHWADDR, sizeof(ifreq)},
    {SIOCGIFTXQLEN, sizeof(ifreq)},
    {SIOCGIFMAP, sizeof(ifreq)},
    {SIOCGARP, sizeof(arpreq)},
    {SIOCGETLINKNAME, sizeof(tipc_sioc_ln_req)},
    {SIOCGETNODEID, sizeof(tipc_sioc_nodeid_req)},
};

constexpr bool HasDuplicate() {
  for (const Request& a : Requests) {
    for (const Request& b : Requests) {
      if (&a != &b && a.number == b.number) return true;
    }
  }
  return false;
}
static_assert(!HasDuplicate());

constexpr size_t ArgumentBytesMax = GuardedBuffer::Capacity;

/// Returns null for a request that is not in the table.
const Request* Find(uint32_t number) {
  auto found = std::find_if(std::begin(Requests), std::end(Requests),
                            [&](const Request& request) { return request.number == number; });
  return found == std::end(Requests) ? nullptr : found;
}

}  // namespace

/* Wraps ioctl(2). Caps: depends on the request. #syscalls ioctl */
Napi::Value NativeSocket::IoctlInt(const Napi::CallbackInfo& info) {
  uint32_t number;
  int32_t argument;
  if (!ReadArguments(info, "ioctlInt", number, argument)) return {};
  const Request* request = Find(number);
  if (request == nullptr || request->size != sizeof argument) return info.Env().Null();
  if (IsReceived()) return Int(info.Env(), -ENOTTY);
  uint8_t* bytes = Environment::Of(info.Env()).guarded->Take(sizeof argument);
  std::memcpy(bytes, &argument, sizeof argument);
  int error = Retry([&] { return ioctl(Fd(), request->number, bytes); });
  if (error < 0) return Int(info.Env(), error);
  std::memcpy(&argument, bytes, sizeof argument);
  Record record(info.Env());
  record.Set("value", argument);
  return record.Done();
}

/* Wraps ioctl(2). Caps: depends on the request. #syscalls ioctl */
Napi::Value NativeSocket::Ioctl(const Napi::CallbackInfo& info) {
  uint32_t number;
  ByteSpan argument;
  if (!ReadArguments(info, "ioctl", number, argument)) return {};
  if (IsReceived())
    return Find(number) == nullptr && !HoldsPointer(number) ? info.Env().Null()
                                                            : Int(info.Env(), -ENOTTY);
  GuardedBuffer& guarded = *Environment::Of(info.Env()).guarded;
  std::vector<uint8_t> answer;
  int error = 0;
  if (HoldsPointer(number)) {
    error = IoctlWithPointer(Fd(), number, argument, guarded, answer);
  } else {
    const Request* request = Find(number);
    if (request == nullptr) return info.Env().Null();
    if (argument.size() > ArgumentBytesMax) return Int(info.Env(), -EINVAL);
    // The kernel reads and writes the whole struct, even if the caller's argument is shorter.
    size_t used = std::min(argument.size(), request->size);
    uint8_t* bytes = guarded.Take(request->size);
    std::copy_n(argument.begin(), used, bytes);
    error = Retry([&] { return ioctl(Fd(), request->number, bytes); });
    answer.assign(argument.begin(), argument.end());
    std::copy_n(bytes, used, answer.begin());
  }
  if (error < 0) return Int(info.Env(), error);
  return Bytes(info.Env(), answer.data(), answer.size());
}

}  // namespace sockbroker
