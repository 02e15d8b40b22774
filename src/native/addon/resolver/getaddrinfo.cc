#include <netdb.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "functions.h"
#include "resolver/lookup.h"
#include "sockaddr/sockaddr.h"
#include "values/arguments.h"
#include "values/record.h"

namespace sockbroker {

namespace {

struct FreeAddrinfo {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

class GetaddrinfoLookup : public Lookup {
 public:
  std::optional<std::string> host, service;
  addrinfo hints{};

  void Run() override {
    // A name with an embedded NUL would be looked up by its first part only.
    if ((host && HasNul(*host)) || (service && HasNul(*service))) {
      code_ = EAI_NONAME;
      return;
    }
    addrinfo* list = nullptr;
    code_ = getaddrinfo(host ? host->c_str() : nullptr, service ? service->c_str() : nullptr,
                        &hints, &list);
    error_ = errno;
    if (code_ == 0) list_.reset(list);
  }

  Napi::Value Answer(Napi::Env env) override {
    if (refused != 0) return EaiFailure(env, EAI_SYSTEM, -refused);
    if (code_ != 0) return EaiFailure(env, code_, error_);
    auto array = Napi::Array::New(env);
    uint32_t index = 0;
    for (addrinfo* info = list_.get(); info != nullptr; info = info->ai_next) {
      if (info->ai_addrlen > sizeof(sockaddr_storage)) continue;
      SockaddrBuffer address;
      std::memcpy(&address.storage, info->ai_addr, info->ai_addrlen);
      address.length = info->ai_addrlen;
      Record record(env);
      record.Set("family", info->ai_family);
      record.Set("type", info->ai_socktype);
      record.Set("protocol", info->ai_protocol);
      record.Set("canonicalName", info->ai_canonname == nullptr ? "" : info->ai_canonname);
      record.Set("address", DecodeSockaddr(env, address, NoSocket, {}));
      Napi::Value value = record.Done();
      if (value.IsEmpty()) return {};
      array.Set(index++, value);
    }
    return array;
  }

 private:
  int code_ = 0;
  int error_ = 0;
  std::unique_ptr<addrinfo, FreeAddrinfo> list_;
};

std::optional<std::string> Copy(const std::optional<ByteSpan>& bytes) {
  if (!bytes) return {};
  return std::string(bytes->begin(), bytes->end());
}

}  // namespace

/* Wraps getaddrinfo(3). Caps: none. #syscalls socket connect bind sendto sendmmsg recvfrom recvmsg
 * poll openat read */
Napi::Value Getaddrinfo(const Napi::CallbackInfo& info) {
  std::optional<ByteSpan> host, service;
  auto lookup = std::make_unique<GetaddrinfoLookup>();
  addrinfo& hints = lookup->hints;
  if (!ReadArguments(info, "getaddrinfo", host, service, hints.ai_family, hints.ai_socktype,
                     hints.ai_protocol, hints.ai_flags)) {
    return {};
  }
  lookup->host = Copy(host);
  lookup->service = Copy(service);
  return Lookup::Start(info.Env(), std::move(lookup));
}

}  // namespace sockbroker
