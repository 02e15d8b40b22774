#include <netdb.h>

#include <cerrno>

#include "functions.h"
#include "resolver/lookup.h"
#include "sockaddr/sockaddr.h"
#include "values/arguments.h"
#include "values/record.h"

namespace sockbroker {

namespace {

class GetnameinfoLookup : public Lookup {
 public:
  SockaddrBuffer address;
  int flags = 0;

  void Run() override {
    code_ = getnameinfo(address.Get(), address.length, host_, sizeof host_, service_,
                        sizeof service_, flags);
    error_ = errno;
  }

  Napi::Value Answer(Napi::Env env) override {
    if (refused != 0) return EaiFailure(env, EAI_SYSTEM, -refused);
    if (code_ != 0) return EaiFailure(env, code_, error_);
    Record record(env);
    record.Set("host", host_);
    record.Set("service", service_);
    return record.Done();
  }

 private:
  int code_ = 0;
  int error_ = 0;
  char host_[NI_MAXHOST] = "";
  char service_[NI_MAXSERV] = "";
};

}  // namespace

/* Wraps getnameinfo(3). Caps: none. #syscalls socket connect sendto recvfrom poll openat read */
Napi::Value Getnameinfo(const Napi::CallbackInfo& info) {
  Any address;
  auto lookup = std::make_unique<GetnameinfoLookup>();
  if (!ReadArguments(info, "getnameinfo", address, lookup->flags)) return {};
  auto encoded = EncodeSockaddr(info.Env(), address.value, NoSocket, lookup->address);
  if (!encoded) return {};
  // The promise cannot carry an errno of ours; an invalid address resolves to no name.
  if (*encoded < 0) lookup->address.Clear();
  return Lookup::Start(info.Env(), std::move(lookup));
}

}  // namespace sockbroker
