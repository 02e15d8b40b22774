#include <napi.h>

#include "functions.h"
#include "lifetime/environment.h"
#include "lifetime/native_socket.h"

namespace sockbroker {

template <Napi::Value (*function)(const Napi::CallbackInfo&)>
static void Export(Napi::Object exports, const char* name) {
  exports.Set(name, Napi::Function::New<function>(exports.Env(), name));
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  if (!Environment::Create(env)) return exports;
  NativeSocket::Define(env);

  Export<Socket>(exports, "socket");
  Export<Socketpair>(exports, "socketpair");
  Export<OpenNetns>(exports, "openNetns");
  Export<LockFile>(exports, "lockFile");
  Export<Follow>(exports, "follow");
  Export<FollowClosing>(exports, "followClosing");
  Export<Followed>(exports, "followed");
  Export<HasHungUp>(exports, "hasHungUp");

  Export<Getaddrinfo>(exports, "getaddrinfo");
  Export<Getnameinfo>(exports, "getnameinfo");
  Export<Gethostbyname>(exports, "gethostbyname");
  Export<Gethostbyaddr>(exports, "gethostbyaddr");
  Export<Getservbyname>(exports, "getservbyname");
  Export<Getservbyport>(exports, "getservbyport");
  Export<Getprotobyname>(exports, "getprotobyname");
  Export<SetResolverThreads>(exports, "setResolverThreads");
  Export<GaiStrerror>(exports, "gaiStrerror");
  Export<Hstrerror>(exports, "hstrerror");
  Export<Strerror>(exports, "strerror");
  Export<Errnos>(exports, "errnos");

  Export<IfNameindex>(exports, "ifNameindex");
  Export<IfNametoindex>(exports, "ifNametoindex");
  Export<IfIndextoname>(exports, "ifIndextoname");

  Export<Gethostname>(exports, "gethostname");
  Export<Sethostname>(exports, "sethostname");
  Export<Getpwnam>(exports, "getpwnam");

  Export<InetAton>(exports, "inetAton");
  Export<InetPton>(exports, "inetPton");
  Export<InetNtop>(exports, "inetNtop");
  Export<CmsgLen>(exports, "cmsgLen");
  Export<CmsgSpace>(exports, "cmsgSpace");

  Export<Constants>(exports, "constants");

  exports.Set("linux", Linux(env));
  return exports;
}

}  // namespace sockbroker
