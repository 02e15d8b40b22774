#include "sockaddr/bluetooth.h"

#include <endian.h>

#include <cerrno>
#include <cstdio>
#include <string>

#include "sockaddr/codecs.h"

namespace sockbroker {

namespace {

bool Parse(const std::string& text, Bdaddr& out) {
  unsigned byte[6];
  int end = 0;
  if (std::sscanf(text.c_str(), "%2X:%2X:%2X:%2X:%2X:%2X%n", &byte[5], &byte[4], &byte[3], &byte[2],
                  &byte[1], &byte[0], &end) != 6 ||
      static_cast<size_t>(end) != text.size()) {
    return false;
  }
  for (int i = 0; i < 6; i++) out.bytes[i] = static_cast<uint8_t>(byte[i]);
  return true;
}

std::string Format(const Bdaddr& address) {
  char text[18];
  auto& b = address.bytes;
  std::snprintf(text, sizeof text, "%02X:%02X:%02X:%02X:%02X:%02X", b[5], b[4], b[3], b[2], b[1],
                b[0]);
  return text;
}

}  // namespace

Encoded EncodeL2cap(napi_env env, napi_value address, int, SockaddrBuffer& out) {
  std::string bdaddr;
  uint16_t psm, cid;
  SockaddrL2 l2{};
  l2.family = AF_BLUETOOTH;
  if (!ReadProperty(env, address, "bdaddr", bdaddr) || !ReadProperty(env, address, "psm", psm) ||
      !ReadProperty(env, address, "cid", cid) ||
      !ReadProperty(env, address, "bdaddrType", l2.bdaddr_type)) {
    return {};
  }
  if (!Parse(bdaddr, l2.bdaddr)) return -EINVAL;
  l2.psm = htole16(psm);
  l2.cid = htole16(cid);
  return out.Store(l2);
}

Encoded EncodeRfcomm(napi_env env, napi_value address, int, SockaddrBuffer& out) {
  std::string bdaddr;
  SockaddrRc rc{};
  rc.family = AF_BLUETOOTH;
  if (!ReadProperty(env, address, "bdaddr", bdaddr) ||
      !ReadProperty(env, address, "channel", rc.channel))
    return {};
  if (!Parse(bdaddr, rc.bdaddr)) return -EINVAL;
  return out.Store(rc);
}

Encoded EncodeHci(napi_env env, napi_value address, int, SockaddrBuffer& out) {
  SockaddrHci hci{};
  hci.family = AF_BLUETOOTH;
  if (!ReadProperty(env, address, "device", hci.device) ||
      !ReadProperty(env, address, "channel", hci.channel)) {
    return {};
  }
  return out.Store(hci);
}

Encoded EncodeSco(napi_env env, napi_value address, int, SockaddrBuffer& out) {
  std::string bdaddr;
  SockaddrSco sco{};
  sco.family = AF_BLUETOOTH;
  if (!ReadProperty(env, address, "bdaddr", bdaddr)) return {};
  if (!Parse(bdaddr, sco.bdaddr)) return -EINVAL;
  return out.Store(sco);
}

Napi::Value DecodeL2cap(Napi::Env env, const SockaddrBuffer& address, int) {
  auto l2 = address.Load<SockaddrL2>();
  Record record(env);
  record.Set("kind", "l2cap");
  record.Set("bdaddr", Format(l2.bdaddr));
  record.Set("psm", static_cast<uint32_t>(le16toh(l2.psm)));
  record.Set("cid", static_cast<uint32_t>(le16toh(l2.cid)));
  record.Set("bdaddrType", static_cast<uint32_t>(l2.bdaddr_type));
  return record.Done();
}

Napi::Value DecodeRfcomm(Napi::Env env, const SockaddrBuffer& address, int) {
  auto rc = address.Load<SockaddrRc>();
  Record record(env);
  record.Set("kind", "rfcomm");
  record.Set("bdaddr", Format(rc.bdaddr));
  record.Set("channel", static_cast<uint32_t>(rc.channel));
  return record.Done();
}

Napi::Value DecodeHci(Napi::Env env, const SockaddrBuffer& address, int) {
  auto hci = address.Load<SockaddrHci>();
  Record record(env);
  record.Set("kind", "hci");
  record.Set("device", static_cast<uint32_t>(hci.device));
  record.Set("channel", static_cast<uint32_t>(hci.channel));
  return record.Done();
}

Napi::Value DecodeSco(Napi::Env env, const SockaddrBuffer& address, int) {
  auto sco = address.Load<SockaddrSco>();
  Record record(env);
  record.Set("kind", "sco");
  record.Set("bdaddr", Format(sco.bdaddr));
  return record.Done();
}

}  // namespace sockbroker
