#pragma once

// One encoder and decoder for each kind of address, in the file of its family. An encoder returns 0
// or -errno, and empty after a throw. A decoder is given at least the minimum number of bytes that
// sockaddr.cc lists for its kind.

#include "sockaddr/sockaddr.h"
#include "values/arguments.h"
#include "values/record.h"

namespace sockbroker {

using Encoded = std::optional<int>;

Encoded EncodeInet(napi_env env, napi_value address, int fd, SockaddrBuffer& out);
Encoded EncodeInet6(napi_env env, napi_value address, int fd, SockaddrBuffer& out);
Encoded EncodeUnix(napi_env env, napi_value address, int fd, SockaddrBuffer& out);
Encoded EncodeNetlink(napi_env env, napi_value address, int fd, SockaddrBuffer& out);
Encoded EncodePacket(napi_env env, napi_value address, int fd, SockaddrBuffer& out);
Encoded EncodeCan(napi_env env, napi_value address, int fd, SockaddrBuffer& out);
Encoded EncodeIsotp(napi_env env, napi_value address, int fd, SockaddrBuffer& out);
Encoded EncodeJ1939(napi_env env, napi_value address, int fd, SockaddrBuffer& out);
Encoded EncodeTipc(napi_env env, napi_value address, int fd, SockaddrBuffer& out);
Encoded EncodeAlg(napi_env env, napi_value address, int fd, SockaddrBuffer& out);
Encoded EncodeVsock(napi_env env, napi_value address, int fd, SockaddrBuffer& out);
Encoded EncodeL2cap(napi_env env, napi_value address, int fd, SockaddrBuffer& out);
Encoded EncodeRfcomm(napi_env env, napi_value address, int fd, SockaddrBuffer& out);
Encoded EncodeHci(napi_env env, napi_value address, int fd, SockaddrBuffer& out);
Encoded EncodeSco(napi_env env, napi_value address, int fd, SockaddrBuffer& out);
Encoded EncodeQipcrtr(napi_env env, napi_value address, int fd, SockaddrBuffer& out);
Encoded EncodeRaw(napi_env env, napi_value address, int fd, SockaddrBuffer& out);

Napi::Value DecodeInet(Napi::Env env, const SockaddrBuffer& address, int fd);
Napi::Value DecodeInet6(Napi::Env env, const SockaddrBuffer& address, int fd);
Napi::Value DecodeUnix(Napi::Env env, const SockaddrBuffer& address, int fd);
Napi::Value DecodeNetlink(Napi::Env env, const SockaddrBuffer& address, int fd);
Napi::Value DecodePacket(Napi::Env env, const SockaddrBuffer& address, int fd);
Napi::Value DecodeCan(Napi::Env env, const SockaddrBuffer& address, int fd);
Napi::Value DecodeIsotp(Napi::Env env, const SockaddrBuffer& address, int fd);
Napi::Value DecodeJ1939(Napi::Env env, const SockaddrBuffer& address, int fd);
Napi::Value DecodeTipc(Napi::Env env, const SockaddrBuffer& address, int fd);
Napi::Value DecodeAlg(Napi::Env env, const SockaddrBuffer& address, int fd);
Napi::Value DecodeVsock(Napi::Env env, const SockaddrBuffer& address, int fd);
Napi::Value DecodeL2cap(Napi::Env env, const SockaddrBuffer& address, int fd);
Napi::Value DecodeRfcomm(Napi::Env env, const SockaddrBuffer& address, int fd);
Napi::Value DecodeHci(Napi::Env env, const SockaddrBuffer& address, int fd);
Napi::Value DecodeSco(Napi::Env env, const SockaddrBuffer& address, int fd);
Napi::Value DecodeQipcrtr(Napi::Env env, const SockaddrBuffer& address, int fd);
Napi::Value DecodeRaw(Napi::Env env, const SockaddrBuffer& address, int fd);

}  // namespace sockbroker
