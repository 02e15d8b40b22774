#pragma once

#include <napi.h>

namespace sockbroker {

// The functions of NativeAddon in binding.ts, in the same order.

Napi::Value Socket(const Napi::CallbackInfo& info);
Napi::Value Socketpair(const Napi::CallbackInfo& info);
Napi::Value OpenNetns(const Napi::CallbackInfo& info);
Napi::Value LockFile(const Napi::CallbackInfo& info);
Napi::Value Follow(const Napi::CallbackInfo& info);
Napi::Value FollowClosing(const Napi::CallbackInfo& info);
Napi::Value Followed(const Napi::CallbackInfo& info);
Napi::Value HasHungUp(const Napi::CallbackInfo& info);

Napi::Value Getaddrinfo(const Napi::CallbackInfo& info);
Napi::Value Getnameinfo(const Napi::CallbackInfo& info);
Napi::Value Gethostbyname(const Napi::CallbackInfo& info);
Napi::Value Gethostbyaddr(const Napi::CallbackInfo& info);
Napi::Value Getservbyname(const Napi::CallbackInfo& info);
Napi::Value Getservbyport(const Napi::CallbackInfo& info);
Napi::Value Getprotobyname(const Napi::CallbackInfo& info);
Napi::Value SetResolverThreads(const Napi::CallbackInfo& info);
Napi::Value GaiStrerror(const Napi::CallbackInfo& info);
Napi::Value Hstrerror(const Napi::CallbackInfo& info);
Napi::Value Strerror(const Napi::CallbackInfo& info);
Napi::Value Errnos(const Napi::CallbackInfo& info);

Napi::Value IfNameindex(const Napi::CallbackInfo& info);
Napi::Value IfNametoindex(const Napi::CallbackInfo& info);
Napi::Value IfIndextoname(const Napi::CallbackInfo& info);

Napi::Value Gethostname(const Napi::CallbackInfo& info);
Napi::Value Sethostname(const Napi::CallbackInfo& info);
Napi::Value Getpwnam(const Napi::CallbackInfo& info);

Napi::Value InetAton(const Napi::CallbackInfo& info);
Napi::Value InetPton(const Napi::CallbackInfo& info);
Napi::Value InetNtop(const Napi::CallbackInfo& info);
Napi::Value CmsgLen(const Napi::CallbackInfo& info);
Napi::Value CmsgSpace(const Napi::CallbackInfo& info);

Napi::Value Constants(const Napi::CallbackInfo& info);

/// The constants of tables/linux.inc, by name.
Napi::Value Linux(Napi::Env env);

/// Defines all of these on `exports`. Each addon of binding.gyp registers it, or a function that
/// calls it.
Napi::Object Init(Napi::Env env, Napi::Object exports);

}  // namespace sockbroker
