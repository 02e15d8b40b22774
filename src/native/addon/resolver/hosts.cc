#include <arpa/inet.h>
#include <netdb.h>

#include <cerrno>
#include <string>
#include <vector>

#include "functions.h"
#include "resolver/lookup.h"
#include "values/arguments.h"
#include "values/record.h"

namespace sockbroker {

namespace {

constexpr size_t HostBytesMax = 1024 * 1024;

/// A look-up that returns a struct hostent.
class HostLookup : public Lookup {
 public:
  void Run() override {
    std::vector<char> buffer(8192);
    hostent entry{};
    hostent* found = nullptr;
    int error;
    while ((error = Ask(entry, buffer, found)) == ERANGE && buffer.size() < HostBytesMax) {
      buffer.resize(buffer.size() * 2);
    }
    if (found == nullptr) {
      error_ = error != 0 ? error : errno;
      if (herrno_ == 0) herrno_ = HOST_NOT_FOUND;
      return;
    }
    herrno_ = 0;
    name_ = found->h_name;
    for (char** alias = found->h_aliases; *alias != nullptr; alias++) aliases_.push_back(*alias);
    for (char** address = found->h_addr_list; *address != nullptr; address++) {
      char text[INET6_ADDRSTRLEN];
      if (inet_ntop(found->h_addrtype, *address, text, sizeof text) != nullptr)
        addresses_.push_back(text);
    }
  }

  Napi::Value Answer(Napi::Env env) override {
    if (refused != 0) return HerrnoFailure(env, NETDB_INTERNAL, -refused);
    if (unusable) return EaiFailure(env, EAI_NONAME, 0);
    if (herrno_ != 0) return HerrnoFailure(env, herrno_, error_);
    Record record(env);
    record.Set("name", name_);
    record.Set("aliases", Texts(env, aliases_));
    record.Set("addresses", Texts(env, addresses_));
    return record.Done();
  }

  /// The arguments are invalid, so no query is made.
  bool unusable = false;

 protected:
  /// Calls the resolver. Returns 0 or an errno; ERANGE requests a larger buffer.
  virtual int Ask(hostent& entry, std::vector<char>& buffer, hostent*& found) = 0;

  int herrno_ = 0;

 private:
  static Napi::Value Texts(Napi::Env env, const std::vector<std::string>& texts) {
    auto array = Napi::Array::New(env, texts.size());
    for (uint32_t i = 0; i < texts.size(); i++) array.Set(i, Text(env, texts[i]));
    return array;
  }

  int error_ = 0;
  std::string name_;
  std::vector<std::string> aliases_, addresses_;
};

class ByName : public HostLookup {
 public:
  std::string name;
  int family = AF_INET;

 protected:
  int Ask(hostent& entry, std::vector<char>& buffer, hostent*& found) override {
    if (unusable) return 0;
    return gethostbyname2_r(name.c_str(), family, &entry, buffer.data(), buffer.size(), &found,
                            &herrno_);
  }
};

class ByAddress : public HostLookup {
 public:
  int family = AF_UNSPEC;
  uint8_t address[sizeof(in6_addr)];
  socklen_t size = 0;

 protected:
  int Ask(hostent& entry, std::vector<char>& buffer, hostent*& found) override {
    if (unusable) return 0;
    return gethostbyaddr_r(address, size, family, &entry, buffer.data(), buffer.size(), &found,
                           &herrno_);
  }
};

}  // namespace

/* Wraps gethostbyname2_r(3). Caps: none. #syscalls socket connect sendto recvfrom poll openat read
 */
Napi::Value Gethostbyname(const Napi::CallbackInfo& info) {
  ByteSpan name;
  auto lookup = std::make_unique<ByName>();
  if (!ReadArguments(info, "gethostbyname", name, lookup->family)) return {};
  lookup->name.assign(name.begin(), name.end());
  lookup->unusable = HasNul(lookup->name);
  return Lookup::Start(info.Env(), std::move(lookup));
}

/* Wraps gethostbyaddr_r(3). Caps: none. #syscalls socket connect sendto recvfrom poll openat read
 */
Napi::Value Gethostbyaddr(const Napi::CallbackInfo& info) {
  std::string text;
  if (!ReadArguments(info, "gethostbyaddr", text)) return {};
  auto lookup = std::make_unique<ByAddress>();
  if (!HasNul(text) && inet_pton(AF_INET, text.c_str(), lookup->address) == 1) {
    lookup->family = AF_INET;
    lookup->size = sizeof(in_addr);
  } else if (!HasNul(text) && inet_pton(AF_INET6, text.c_str(), lookup->address) == 1) {
    lookup->family = AF_INET6;
    lookup->size = sizeof(in6_addr);
  } else {
    lookup->unusable = true;
  }
  return Lookup::Start(info.Env(), std::move(lookup));
}

}  // namespace sockbroker
