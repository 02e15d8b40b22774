#include <net/if.h>

#include <cerrno>
#include <string>

#include "functions.h"
#include "values/arguments.h"
#include "values/record.h"

namespace sockbroker {

/* Wraps if_nameindex(3). Caps: none. #syscalls socket bind sendto recvmsg close */
Napi::Value IfNameindex(const Napi::CallbackInfo& info) {
  if (!ReadArguments(info, "ifNameindex")) return {};
  struct if_nameindex* list = if_nameindex();
  if (list == nullptr) return Int(info.Env(), -errno);
  auto array = Napi::Array::New(info.Env());
  for (uint32_t i = 0; list[i].if_index != 0; i++) {
    Record record(info.Env());
    record.Set("index", static_cast<uint32_t>(list[i].if_index));
    record.Set("name", list[i].if_name);
    Napi::Value value = record.Done();
    if (value.IsEmpty()) break;
    array.Set(i, value);
  }
  if_freenameindex(list);
  return array;
}

/* Wraps if_nametoindex(3). Caps: none. #syscalls socket ioctl close */
Napi::Value IfNametoindex(const Napi::CallbackInfo& info) {
  std::string name;
  if (!ReadArguments(info, "ifNametoindex", name)) return {};
  if (HasNul(name)) return Int(info.Env(), -ENODEV);
  unsigned index = if_nametoindex(name.c_str());
  return Int(info.Env(), index == 0 ? -errno : static_cast<int64_t>(index));
}

/* Wraps if_indextoname(3). Caps: none. #syscalls socket ioctl close */
Napi::Value IfIndextoname(const Napi::CallbackInfo& info) {
  uint32_t index;
  if (!ReadArguments(info, "ifIndextoname", index)) return {};
  char name[IF_NAMESIZE];
  if (if_indextoname(index, name) == nullptr) return Int(info.Env(), -errno);
  return Text(info.Env(), name);
}

}  // namespace sockbroker
