/*
 * The table of verbs: what runs, its permission, what the permission is checked for, and who may call when. It is used
 * by unary RPCs and the Session stream. A missing verb does not compile, nor does a row without a permission. The table
 * in docs/policy.md is generated from it.
 */

import type { DescMethod } from "@bufbuild/protobuf";
import type { ConversionService } from "../../gen/sockbroker/v1/conversion_service_pb.js";
import type { HostService } from "../../gen/sockbroker/v1/host_service_pb.js";
import type { InterfaceService } from "../../gen/sockbroker/v1/interface_service_pb.js";
import type { PolicyService } from "../../gen/sockbroker/v1/policy_service_pb.js";
import type { ResolverService } from "../../gen/sockbroker/v1/resolver_service_pb.js";
import type { SessionService } from "../../gen/sockbroker/v1/session_service_pb.js";
import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { accept } from "../ops/accept.js";
import { bind } from "../ops/bind.js";
import { close } from "../ops/close.js";
import { closeSession } from "../ops/close-session.js";
import { cmsgLen } from "../ops/cmsg-len.js";
import { cmsgSpace } from "../ops/cmsg-space.js";
import { connectEx } from "../ops/connect-ex.js";
import { connectTo } from "../ops/connect-to.js";
import { createConnection } from "../ops/create-connection.js";
import { createServer, serverFactsOf } from "../ops/create-server.js";
import { detach } from "../ops/detach.js";
import { dup } from "../ops/dup.js";
import { asksForAnother, explainPolicy } from "../ops/explain-policy.js";
import { fileno } from "../ops/fileno.js";
import { fromfd } from "../ops/fromfd.js";
import { fromshare } from "../ops/fromshare.js";
import { getConstants } from "../ops/get-constants.js";
import { getEffectivePolicy } from "../ops/get-effective-policy.js";
import { getInheritable } from "../ops/get-inheritable.js";
import { getSession } from "../ops/get-session.js";
import { getaddrinfo } from "../ops/getaddrinfo.js";
import { getblocking } from "../ops/getblocking.js";
import { getdefaulttimeout } from "../ops/getdefaulttimeout.js";
import { getfqdn } from "../ops/getfqdn.js";
import { gethostbyaddr } from "../ops/gethostbyaddr.js";
import { gethostbyname } from "../ops/gethostbyname.js";
import { gethostbynameEx } from "../ops/gethostbyname-ex.js";
import { gethostname } from "../ops/gethostname.js";
import { getnameinfo } from "../ops/getnameinfo.js";
import { getpeername } from "../ops/getpeername.js";
import { getprotobyname } from "../ops/getprotobyname.js";
import { getservbyname } from "../ops/getservbyname.js";
import { getservbyport } from "../ops/getservbyport.js";
import { getsockname } from "../ops/getsockname.js";
import { getsockopt } from "../ops/getsockopt.js";
import { gettimeout } from "../ops/gettimeout.js";
import { hasDualstackIpv6 } from "../ops/has-dualstack-ipv6.js";
import { hasIpv6 } from "../ops/has-ipv6.js";
import { htonl } from "../ops/htonl.js";
import { htons } from "../ops/htons.js";
import { ifIndextoname } from "../ops/if-indextoname.js";
import { ifNameindex } from "../ops/if-nameindex.js";
import { ifNametoindex } from "../ops/if-nametoindex.js";
import { inetAton } from "../ops/inet-aton.js";
import { inetNtoa } from "../ops/inet-ntoa.js";
import { inetNtop } from "../ops/inet-ntop.js";
import { inetPton } from "../ops/inet-pton.js";
import { ioctl } from "../ops/ioctl.js";
import { listen } from "../ops/listen.js";
import { ntohl } from "../ops/ntohl.js";
import { ntohs } from "../ops/ntohs.js";
import { pushBack } from "../ops/push-back.js";
import { recv } from "../ops/recv.js";
import { recvFds } from "../ops/recv-fds.js";
import { recvfrom } from "../ops/recvfrom.js";
import { recvmsg } from "../ops/recvmsg.js";
import { renewSession } from "../ops/renew-session.js";
import { send } from "../ops/send.js";
import { sendFds } from "../ops/send-fds.js";
import { sendall } from "../ops/sendall.js";
import { sendfile } from "../ops/sendfile.js";
import { sendmsg } from "../ops/sendmsg.js";
import { sendmsgAfalg } from "../ops/sendmsg-afalg.js";
import { sendto } from "../ops/sendto.js";
import { setInheritable } from "../ops/set-inheritable.js";
import { setblocking } from "../ops/setblocking.js";
import { setdefaulttimeout } from "../ops/setdefaulttimeout.js";
import { sethostname } from "../ops/sethostname.js";
import { setsockopt } from "../ops/setsockopt.js";
import { settimeout } from "../ops/settimeout.js";
import { share } from "../ops/share.js";
import { shutdown } from "../ops/shutdown.js";
import { socket } from "../ops/socket.js";
import { pairFactsOf, socketpair } from "../ops/socketpair.js";
import { whoAmI } from "../ops/who-am-i.js";
import type { Row } from "./row.js";

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
    asks: { socket: "unless it describes a handle", netns: "in another network namespace" },
    subject: "nothing",
    run: socket,
  },
  socketpair: {
    permission: "socket",
    subject: "nothing",
    details: (request) => ({ opens: pairFactsOf(request) }),
    run: socketpair,
  },
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
    details: (request) => ({ opens: serverFactsOf(request) }),
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
  getsockopt: {
    permission: "getsockopt",
    subject: "socket",
    details: ({ level, name }) => ({ option: { level, name } }),
    run: getsockopt,
  },
  setsockopt: {
    permission: "setsockopt",
    details: ({ level, name }) => ({ option: { level, name } }),
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
  pushBack: { permission: "receive", subject: "socket", run: pushBack },
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
  ioctl: { permission: "ioctl", subject: "socket", details: ({ request }) => ({ ioctl: request }), run: ioctl },
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
    also: [{ permission: "admin", when: asksForAnother, where: "for another principal" }],
    subject: "nothing",
    run: explainPolicy,
  },
  getEffectivePolicy: { strangers: true, subject: "nothing", run: getEffectivePolicy },
} satisfies OpTable;
