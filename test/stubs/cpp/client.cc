// A client that only uses generated stubs. It prints what an attach stream returned, and the symbol
// of a typed error.

// Headers that such a program also includes: their macros must not be names in the stubs.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grpcpp/grpcpp.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

#include "google/rpc/status.pb.h"
#include "sockbroker/v1/admin_service.grpc.pb.h"
#include "sockbroker/v1/ancillary.pb.h"
#include "sockbroker/v1/conversion_service.grpc.pb.h"
#include "sockbroker/v1/error.pb.h"
#include "sockbroker/v1/host_service.grpc.pb.h"
#include "sockbroker/v1/interface_service.grpc.pb.h"
#include "sockbroker/v1/policy_service.grpc.pb.h"
#include "sockbroker/v1/resolver_service.grpc.pb.h"
#include "sockbroker/v1/session_service.grpc.pb.h"
#include "sockbroker/v1/socket_service.grpc.pb.h"
#include "sockbroker/v1/stream_service.grpc.pb.h"

namespace v1 = sockbroker::v1;

void Check(const grpc::Status& status) {
  if (status.ok()) return;
  std::cerr << status.error_code() << ": " << status.error_message() << "\n";
  std::exit(1);
}

std::string Attach(v1::SocketService::Stub& sockets, v1::StreamService::Stub& streams) {
  v1::SocketpairResponse pair;
  grpc::ClientContext opening;
  Check(sockets.Socketpair(&opening, {}, &pair));

  grpc::ClientContext attaching;
  auto stream = streams.Attach(&attaching);
  v1::ClientFrame out;
  v1::ServerFrame in;
  out.mutable_attach()->set_handle(pair.first().handle());
  stream->Write(out);
  if (!stream->Read(&in) || !in.has_attached()) std::exit(1);

  v1::SendallRequest request;
  request.set_handle(pair.second().handle());
  request.set_data("pong");
  v1::SendallResponse sent;
  grpc::ClientContext sending;
  Check(sockets.Sendall(&sending, request, &sent));
  if (!stream->Read(&in)) std::exit(1);
  std::string data = in.data();

  out.mutable_close();
  stream->Write(out);
  stream->WritesDone();
  while (stream->Read(&in)) continue;
  Check(stream->Finish());
  return data;
}

std::string Refused(v1::SocketService::Stub& sockets) {
  v1::SocketResponse opened;
  grpc::ClientContext opening;
  Check(sockets.Socket(&opening, {}, &opened));

  v1::ConnectToRequest request;
  request.set_handle(opened.socket().handle());
  request.mutable_address()->mutable_inet()->set_host("127.0.0.1");
  request.mutable_address()->mutable_inet()->set_port(1);
  v1::ConnectToResponse response;
  grpc::ClientContext connecting;
  grpc::Status status = sockets.ConnectTo(&connecting, request, &response);

  google::rpc::Status details;
  v1::SocketError error;
  if (!details.ParseFromString(status.error_details()) || details.details_size() != 1) std::exit(1);
  if (!details.details(0).UnpackTo(&error) || error.error_number() != ECONNREFUSED) std::exit(1);
  return error.symbol();
}

int main(int, char** argv) {
  auto channel = grpc::CreateChannel("unix:" + std::string(argv[1]), grpc::InsecureChannelCredentials());
  auto sockets = v1::SocketService::NewStub(channel);
  auto streams = v1::StreamService::NewStub(channel);
  std::cout << "attach " << Attach(*sockets, *streams) << "\nerror " << Refused(*sockets) << "\n";
}
