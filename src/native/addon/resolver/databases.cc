#include <arpa/inet.h>
#include <netdb.h>

#include <cerrno>
#include <mutex>
#include <string>
#include <vector>

#include "functions.h"
#include "resolver/lookup.h"
#include "values/arguments.h"
#include "values/record.h"

namespace sockbroker {

namespace {

// /etc/services and /etc/protocols, or whatever source nsswitch.conf names, which may be a network
// service.

constexpr size_t EntryBytesMax = 1024 * 1024;

/// Calls `ask(buffer)` with a buffer that grows while the result is ERANGE.
template <typename Ask>
void WithBuffer(Ask ask) {
  std::vector<char> buffer(1024);
  while (ask(buffer) == ERANGE && buffer.size() < EntryBytesMax) buffer.resize(buffer.size() * 2);
}

class ServiceLookup : public Lookup {
 public:
  std::string name;
  std::optional<std::string> protocol;

  void Run() override {
    if (HasNul(name) || (protocol && HasNul(*protocol))) return;
    WithBuffer([&](std::vector<char>& buffer) {
      servent entry, *found = nullptr;
      int error = getservbyname_r(name.c_str(), protocol ? protocol->c_str() : nullptr, &entry,
                                  buffer.data(), buffer.size(), &found);
      if (found != nullptr) port_ = ntohs(static_cast<uint16_t>(found->s_port));
      return error;
    });
  }

  Napi::Value Answer(Napi::Env env) override { return port_ < 0 ? env.Null() : Int(env, port_); }

 private:
  int port_ = -1;
};

class PortLookup : public Lookup {
 public:
  uint16_t port = 0;
  std::optional<std::string> protocol;

  void Run() override {
    if (protocol && HasNul(*protocol)) return;
    WithBuffer([&](std::vector<char>& buffer) {
      servent entry, *found = nullptr;
      int error = getservbyport_r(htons(port), protocol ? protocol->c_str() : nullptr, &entry,
                                  buffer.data(), buffer.size(), &found);
      if (found != nullptr) name_ = found->s_name;
      return error;
    });
  }

  Napi::Value Answer(Napi::Env env) override { return name_ ? Text(env, *name_) : env.Null(); }

 private:
  std::optional<std::string> name_;
};

class ProtocolLookup : public Lookup {
 public:
  std::string name;

  void Run() override {
    if (HasNul(name)) return;
#ifdef __GLIBC__
    WithBuffer([&](std::vector<char>& buffer) {
      protoent entry, *found = nullptr;
      int error = getprotobyname_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
      if (found != nullptr) number_ = found->p_proto;
      return error;
    });
#else
    // musl only has the variant that returns static storage.
    static std::mutex& mutex = *new std::mutex();
    std::lock_guard lock(mutex);
    if (protoent* found = getprotobyname(name.c_str())) number_ = found->p_proto;
#endif
  }

  Napi::Value Answer(Napi::Env env) override {
    return number_ < 0 ? env.Null() : Int(env, number_);
  }

 private:
  int number_ = -1;
};

std::string Copy(ByteSpan bytes) {
  return std::string(bytes.begin(), bytes.end());
}

}  // namespace

/* Wraps getservbyname_r(3). Caps: none. #syscalls openat read close */
Napi::Value Getservbyname(const Napi::CallbackInfo& info) {
  ByteSpan name;
  std::optional<ByteSpan> protocol;
  if (!ReadArguments(info, "getservbyname", name, protocol)) return {};
  auto lookup = std::make_unique<ServiceLookup>();
  lookup->name = Copy(name);
  if (protocol) lookup->protocol = Copy(*protocol);
  return Lookup::Start(info.Env(), std::move(lookup));
}

/* Wraps getservbyport_r(3). Caps: none. #syscalls openat read close */
Napi::Value Getservbyport(const Napi::CallbackInfo& info) {
  auto lookup = std::make_unique<PortLookup>();
  std::optional<ByteSpan> protocol;
  if (!ReadArguments(info, "getservbyport", lookup->port, protocol)) return {};
  if (protocol) lookup->protocol = Copy(*protocol);
  return Lookup::Start(info.Env(), std::move(lookup));
}

/* Wraps getprotobyname_r(3). Caps: none. #syscalls openat read close */
Napi::Value Getprotobyname(const Napi::CallbackInfo& info) {
  ByteSpan name;
  if (!ReadArguments(info, "getprotobyname", name)) return {};
  auto lookup = std::make_unique<ProtocolLookup>();
  lookup->name = Copy(name);
  return Lookup::Start(info.Env(), std::move(lookup));
}

}  // namespace sockbroker
