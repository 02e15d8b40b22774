/*
 * The table of verbs. Unary RPCs and the Session stream are two doors to it. A verb that is missing does not compile.
 */

import type { DescMethod } from "@bufbuild/protobuf";
import type { ConversionService } from "../../gen/sockbroker/v1/conversion_service_pb.js";
import type { HostService } from "../../gen/sockbroker/v1/host_service_pb.js";
import type { InterfaceService } from "../../gen/sockbroker/v1/interface_service_pb.js";
import type { PolicyService } from "../../gen/sockbroker/v1/policy_service_pb.js";
import type { ResolverService } from "../../gen/sockbroker/v1/resolver_service_pb.js";
import type { SessionService } from "../../gen/sockbroker/v1/session_service_pb.js";
import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { accept } from "./accept.js";
import { bind } from "./bind.js";
import { close } from "./close.js";
import { closeSession } from "./close-session.js";
import { cmsgLen } from "./cmsg-len.js";
import { cmsgSpace } from "./cmsg-space.js";
import { connectEx } from "./connect-ex.js";
import { connectTo } from "./connect-to.js";
import { createConnection } from "./create-connection.js";
import { createServer } from "./create-server.js";
import { detach } from "./detach.js";
import { dup } from "./dup.js";
import { explainPolicy } from "./explain-policy.js";
import { fileno } from "./fileno.js";
import { fromfd } from "./fromfd.js";
import { fromshare } from "./fromshare.js";
import { getConstants } from "./get-constants.js";
import { getEffectivePolicy } from "./get-effective-policy.js";
import { getInheritable } from "./get-inheritable.js";
import { getSession } from "./get-session.js";
import { getaddrinfo } from "./getaddrinfo.js";
import { getblocking } from "./getblocking.js";
import { getdefaulttimeout } from "./getdefaulttimeout.js";
import { getfqdn } from "./getfqdn.js";
import { gethostbyaddr } from "./gethostbyaddr.js";
import { gethostbyname } from "./gethostbyname.js";
import { gethostbynameEx } from "./gethostbyname-ex.js";
import { gethostname } from "./gethostname.js";
import { getnameinfo } from "./getnameinfo.js";
import { getpeername } from "./getpeername.js";
import { getprotobyname } from "./getprotobyname.js";
import { getservbyname } from "./getservbyname.js";
import { getservbyport } from "./getservbyport.js";
import { getsockname } from "./getsockname.js";
import { getsockopt } from "./getsockopt.js";
import { gettimeout } from "./gettimeout.js";
import { hasDualstackIpv6 } from "./has-dualstack-ipv6.js";
import { hasIpv6 } from "./has-ipv6.js";
import { htonl } from "./htonl.js";
import { htons } from "./htons.js";
import { ifIndextoname } from "./if-indextoname.js";
import { ifNameindex } from "./if-nameindex.js";
import { ifNametoindex } from "./if-nametoindex.js";
import { inetAton } from "./inet-aton.js";
import { inetNtoa } from "./inet-ntoa.js";
import { inetNtop } from "./inet-ntop.js";
import { inetPton } from "./inet-pton.js";
import { ioctl } from "./ioctl.js";
import { listen } from "./listen.js";
import { ntohl } from "./ntohl.js";
import { ntohs } from "./ntohs.js";
import type { Op } from "./op.js";
import { recv } from "./recv.js";
import { recvFds } from "./recv-fds.js";
import { recvfrom } from "./recvfrom.js";
import { recvmsg } from "./recvmsg.js";
import { renewSession } from "./renew-session.js";
import { send } from "./send.js";
import { sendFds } from "./send-fds.js";
import { sendall } from "./sendall.js";
import { sendfile } from "./sendfile.js";
import { sendmsg } from "./sendmsg.js";
import { sendmsgAfalg } from "./sendmsg-afalg.js";
import { sendto } from "./sendto.js";
import { setInheritable } from "./set-inheritable.js";
import { setblocking } from "./setblocking.js";
import { setdefaulttimeout } from "./setdefaulttimeout.js";
import { sethostname } from "./sethostname.js";
import { setsockopt } from "./setsockopt.js";
import { settimeout } from "./settimeout.js";
import { share } from "./share.js";
import { shutdown } from "./shutdown.js";
import { socket } from "./socket.js";
import { socketpair } from "./socketpair.js";
import { whoAmI } from "./who-am-i.js";

type Methods = Omit<typeof SessionService.method, "openSession" | "session"> &
  typeof SocketService.method &
  typeof ResolverService.method &
  typeof InterfaceService.method &
  typeof HostService.method &
  typeof ConversionService.method &
  typeof PolicyService.method;

type OpTable = { readonly [K in keyof Methods]: Methods[K] extends DescMethod ? Op<Methods[K]> : never };

export const ops = {
  // SessionService
  renewSession,
  closeSession,
  getSession,
  whoAmI,

  // SocketService
  socket,
  socketpair,
  createConnection,
  createServer,
  hasDualstackIpv6,
  fromfd,
  dup,
  bind,
  listen,
  accept,
  connectTo,
  connectEx,
  shutdown,
  close,
  detach,
  fileno,
  getsockname,
  getpeername,
  getsockopt,
  setsockopt,
  settimeout,
  gettimeout,
  setblocking,
  getblocking,
  recv,
  recvfrom,
  recvmsg,
  send,
  sendall,
  sendto,
  sendmsg,
  sendmsgAfalg,
  sendfile,
  sendFds,
  recvFds,
  ioctl,
  getInheritable,
  setInheritable,
  share,
  fromshare,
  getdefaulttimeout,
  setdefaulttimeout,

  // ResolverService
  getaddrinfo,
  getnameinfo,
  gethostbyname,
  gethostbynameEx,
  gethostbyaddr,
  getfqdn,
  getservbyname,
  getservbyport,
  getprotobyname,

  // InterfaceService
  ifNameindex,
  ifNametoindex,
  ifIndextoname,

  // HostService
  gethostname,
  sethostname,
  hasIpv6,
  getConstants,

  // ConversionService
  ntohl,
  ntohs,
  htonl,
  htons,
  inetAton,
  inetNtoa,
  inetPton,
  inetNtop,
  cmsgLen,
  cmsgSpace,

  // PolicyService
  explainPolicy,
  getEffectivePolicy,
} satisfies OpTable;
