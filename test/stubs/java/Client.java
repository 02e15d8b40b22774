import com.google.rpc.Status;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.StreamObserver;
import io.sockbroker.v1.AttachStart;
import io.sockbroker.v1.ClientFrame;
import io.sockbroker.v1.CloseFrame;
import io.sockbroker.v1.ConnectToRequest;
import io.sockbroker.v1.InetAddress;
import io.sockbroker.v1.SendallRequest;
import io.sockbroker.v1.ServerFrame;
import io.sockbroker.v1.SocketAddress;
import io.sockbroker.v1.SocketError;
import io.sockbroker.v1.SocketRequest;
import io.sockbroker.v1.SocketServiceGrpc;
import io.sockbroker.v1.SocketpairRequest;
import io.sockbroker.v1.SocketpairResponse;
import io.sockbroker.v1.StreamServiceGrpc;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** A client made of generated stubs alone. It prints what an attach stream gave it, and the symbol of a typed error. */
public final class Client {
  public static void main(String[] arguments) throws Exception {
    EpollEventLoopGroup loop = new EpollEventLoopGroup(1);
    ManagedChannel channel =
        NettyChannelBuilder.forAddress(new DomainSocketAddress(arguments[0]))
            .eventLoopGroup(loop)
            .channelType(EpollDomainSocketChannel.class)
            // Unset it would be the path, which Node's HTTP/2 takes for no authority.
            .overrideAuthority("localhost")
            .usePlaintext()
            .build();
    SocketServiceGrpc.SocketServiceBlockingStub sockets = SocketServiceGrpc.newBlockingStub(channel);
    System.out.println("attach " + attach(sockets, StreamServiceGrpc.newStub(channel)));
    System.out.println("error " + refused(sockets));
    channel.shutdownNow();
    loop.shutdownGracefully();
  }

  private static String attach(
      SocketServiceGrpc.SocketServiceBlockingStub sockets, StreamServiceGrpc.StreamServiceStub streams)
      throws InterruptedException {
    SocketpairResponse pair = sockets.socketpair(SocketpairRequest.getDefaultInstance());
    Frames frames = new Frames();
    StreamObserver<ClientFrame> out = streams.attach(frames);
    AttachStart start = AttachStart.newBuilder().setHandle(pair.getFirst().getHandle()).build();
    out.onNext(ClientFrame.newBuilder().setAttach(start).build());
    if (!frames.next().orElseThrow().hasAttached()) throw new IllegalStateException("not attached");

    com.google.protobuf.ByteString pong = com.google.protobuf.ByteString.copyFromUtf8("pong");
    sockets.sendall(SendallRequest.newBuilder().setHandle(pair.getSecond().getHandle()).setData(pong).build());
    String data = frames.next().orElseThrow().getData().toStringUtf8();

    out.onNext(ClientFrame.newBuilder().setClose(CloseFrame.getDefaultInstance()).build());
    out.onCompleted();
    while (frames.next().isPresent()) continue;
    return data;
  }

  private static String refused(SocketServiceGrpc.SocketServiceBlockingStub sockets) throws Exception {
    long handle = sockets.socket(SocketRequest.getDefaultInstance()).getSocket().getHandle();
    InetAddress inet = InetAddress.newBuilder().setHost("127.0.0.1").setPort(1).build();
    SocketAddress address = SocketAddress.newBuilder().setInet(inet).build();
    try {
      sockets.connectTo(ConnectToRequest.newBuilder().setHandle(handle).setAddress(address).build());
      throw new IllegalStateException("it was not refused");
    } catch (StatusRuntimeException error) {
      Status status = StatusProto.fromThrowable(error);
      if (status.getDetailsCount() != 1) throw error;
      return status.getDetails(0).unpack(SocketError.class).getSymbol();
    }
  }

  /** The frames of the daemon, and then nothing. */
  private static final class Frames implements StreamObserver<ServerFrame> {
    private final BlockingQueue<Optional<ServerFrame>> queue = new LinkedBlockingQueue<>();

    Optional<ServerFrame> next() throws InterruptedException {
      return queue.take();
    }

    @Override
    public void onNext(ServerFrame frame) {
      queue.add(Optional.of(frame));
    }

    @Override
    public void onError(Throwable error) {
      error.printStackTrace();
      System.exit(1);
    }

    @Override
    public void onCompleted() {
      queue.add(Optional.empty());
    }
  }
}
