/*
 * The table of verbs: what runs, which permission that takes, what of the request is judged, and who may call when. Unary
 * RPCs and the Session stream are two ways in. A verb that is missing does not compile, nor does a row without a
 * permission. docs/policy.md has its table from here.
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
import { asksForAnother, explainPolicy } from "./explain-policy.js";
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
import type { Row } from "./op.js";
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

type OpTable = { readonly [K in keyof Methods]: Methods[K] extends DescMethod ? Row<Methods[K]> : never };

export const ops = {
  // SessionService
  renewSession: { permission: "session", subject: "nothing", run: renewSession },
  closeSession: { permission: "session", subject: "nothing", whileDraining: true, run: closeSession },
  getSession: { permission: "session", subject: "nothing", run: getSession },
  whoAmI: { strangers: true, subject: "nothing", run: whoAmI },

  // SocketService
  socket: {
    permission: "session",
    also: [{ permission: "socket", when: ({ fileno }) => fileno === undefined, where: "unless it describes a handle" }],
    asks: { netns: "in another network namespace" },
    subject: "nothing",
    run: socket,
  },
  socketpair: { permission: "socket", subject: "nothing", run: socketpair },
  createConnection: {
    permission: "socket",
    asks: {
      resolve: "",
      netns: "in another network namespace",
      bind: "on its source address",
      connect: "on each address of the host",
    },
    subject: "nothing",
    run: createConnection,
  },
  createServer: {
    permission: "socket",
    also: [{ permission: "listen" }, { permission: "setsockopt" }],
    asks: { netns: "in another network namespace", bind: "on its address" },
    subject: "nothing",
    run: createServer,
  },
  hasDualstackIpv6: { permission: "socket", subject: "nothing", run: hasDualstackIpv6 },
  fromfd: { permission: "session", subject: "socket", run: fromfd },
  dup: { permission: "session", subject: "socket", run: dup },
  bind: { permission: "bind", subject: "address", operation: "bind", run: bind },
  listen: { permission: "listen", subject: "socket", run: listen },
  accept: { permission: "accept", subject: "socket", run: accept },
  connectTo: { permission: "connect", subject: "address", operation: "connect", run: connectTo },
  connectEx: { permission: "connect", subject: "address", operation: "connect_ex", run: connectEx },
  shutdown: { permission: "session", subject: "socket", whileDraining: true, run: shutdown },
  close: { permission: "session", subject: "nothing", whileDraining: true, run: close },
  detach: { permission: "session", subject: "socket", run: detach },
  fileno: { permission: "session", subject: "socket", run: fileno },
  getsockname: { permission: "session", subject: "socket", run: getsockname },
  getpeername: { permission: "session", subject: "socket", run: getpeername },
  getsockopt: { permission: "getsockopt", subject: "socket", run: getsockopt },
  setsockopt: {
    permission: "setsockopt",
    asks: { admin: "for SO_RCVBUFFORCE, SO_SNDBUFFORCE and SO_RESERVE_MEM, which are EPERM without it" },
    subject: "socket",
    run: setsockopt,
  },
  settimeout: { permission: "session", subject: "socket", run: settimeout },
  gettimeout: { permission: "session", subject: "socket", run: gettimeout },
  setblocking: { permission: "session", subject: "socket", run: setblocking },
  getblocking: { permission: "session", subject: "socket", run: getblocking },
  recv: { permission: "receive", subject: "socket", run: recv },
  recvfrom: { permission: "receive", subject: "socket", run: recvfrom },
  recvmsg: { permission: "receive", subject: "socket", run: recvmsg },
  send: { permission: "send", subject: "socket", run: send },
  sendall: { permission: "send", subject: "socket", run: sendall },
  sendto: {
    permission: "send",
    asks: { connect: "with MSG_FASTOPEN, on the address" },
    subject: "address",
    operation: "sendto",
    run: sendto,
  },
  sendmsg: {
    permission: "send",
    asks: { ancillary: "with control messages", connect: "with MSG_FASTOPEN, on the address" },
    subject: "destination",
    operation: "sendmsg",
    run: sendmsg,
  },
  sendmsgAfalg: { permission: "send", also: [{ permission: "ancillary" }], subject: "socket", run: sendmsgAfalg },
  sendfile: { permission: "send", subject: "socket", run: sendfile },
  sendFds: {
    permission: "send",
    subject: "destination",
    also: [{ permission: "ancillary" }],
    asks: { connect: "with MSG_FASTOPEN, on the address" },
    operation: "sendmsg",
    run: sendFds,
  },
  recvFds: { permission: "receive", subject: "socket", run: recvFds },
  ioctl: { permission: "ioctl", subject: "socket", run: ioctl },
  getInheritable: { permission: "session", subject: "socket", run: getInheritable },
  setInheritable: { permission: "session", subject: "socket", run: setInheritable },
  share: { permission: "session", subject: "socket", run: share },
  fromshare: { permission: "session", subject: "nothing", run: fromshare },
  getdefaulttimeout: { permission: "session", subject: "nothing", run: getdefaulttimeout },
  setdefaulttimeout: { permission: "session", subject: "nothing", run: setdefaulttimeout },

  // ResolverService
  getaddrinfo: { permission: "session", subject: "nothing", asks: { resolve: "" }, run: getaddrinfo },
  getnameinfo: { permission: "session", subject: "nothing", asks: { resolve: "" }, run: getnameinfo },
  gethostbyname: {
    permission: "session",
    subject: "nothing",
    asks: { resolve: "unless the host is a number" },
    run: gethostbyname,
  },
  gethostbynameEx: { permission: "session", subject: "nothing", asks: { resolve: "" }, run: gethostbynameEx },
  gethostbyaddr: { permission: "session", subject: "nothing", asks: { resolve: "" }, run: gethostbyaddr },
  getfqdn: { permission: "session", subject: "nothing", asks: { resolve: "" }, run: getfqdn },
  getservbyname: { permission: "session", subject: "nothing", asks: { resolve: "" }, run: getservbyname },
  getservbyport: { permission: "session", subject: "nothing", asks: { resolve: "" }, run: getservbyport },
  getprotobyname: { permission: "session", subject: "nothing", asks: { resolve: "" }, run: getprotobyname },

  // InterfaceService
  ifNameindex: { permission: "session", subject: "nothing", run: ifNameindex },
  ifNametoindex: { permission: "session", subject: "nothing", run: ifNametoindex },
  ifIndextoname: { permission: "session", subject: "nothing", run: ifIndextoname },

  // HostService
  gethostname: { permission: "session", subject: "nothing", run: gethostname },
  sethostname: { permission: "sethostname", subject: "nothing", run: sethostname },
  hasIpv6: { permission: "session", subject: "nothing", run: hasIpv6 },
  getConstants: { permission: "session", subject: "nothing", run: getConstants },

  // ConversionService
  ntohl: { permission: "session", subject: "nothing", run: ntohl },
  ntohs: { permission: "session", subject: "nothing", run: ntohs },
  htonl: { permission: "session", subject: "nothing", run: htonl },
  htons: { permission: "session", subject: "nothing", run: htons },
  inetAton: { permission: "session", subject: "nothing", run: inetAton },
  inetNtoa: { permission: "session", subject: "nothing", run: inetNtoa },
  inetPton: { permission: "session", subject: "nothing", run: inetPton },
  inetNtop: { permission: "session", subject: "nothing", run: inetNtop },
  cmsgLen: { permission: "session", subject: "nothing", run: cmsgLen },
  cmsgSpace: { permission: "session", subject: "nothing", run: cmsgSpace },

  // PolicyService
  explainPolicy: {
    strangers: true,
    also: [{ permission: "admin", when: asksForAnother, where: "for somebody else" }],
    subject: "nothing",
    run: explainPolicy,
  },
  getEffectivePolicy: { strangers: true, subject: "nothing", run: getEffectivePolicy },
} satisfies OpTable;
