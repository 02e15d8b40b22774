import com.google.protobuf.ByteString;
import com.google.protobuf.BytesValue;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.BlockingClientCall;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/**
 * The cases of gRPC's interoperability tests, by grpc-java. Prints the name of each case that passed, and ends with the
 * first that does not.
 */
public final class Interop {
  private static final List<Integer> RESPONSES = List.of(31_415, 9, 2_653, 58_979);
  private static final List<Integer> REQUESTS = List.of(27_182, 8, 1_828, 45_904);
  private static final String SPECIAL = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";
  private static final CallOptions GZIP = CallOptions.DEFAULT.withCompression("gzip");

  private interface Case {
    void run() throws Exception;
  }

  private final Channel channel;

  private Interop(Channel channel) {
    this.channel = channel;
  }

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
    try {
      for (Map.Entry<String, Case> one : new Interop(channel).cases().entrySet()) {
        one.getValue().run();
        System.out.println(one.getKey());
      }
    } finally {
      // Otherwise the threads of the loop would keep the program running.
      channel.shutdownNow();
      loop.shutdownGracefully(0, 0, TimeUnit.SECONDS);
    }
  }

  private Map<String, Case> cases() {
    Map<String, Case> cases = new LinkedHashMap<>();
    cases.put("empty_unary", this::emptyUnary);
    cases.put("large_unary", this::largeUnary);
    cases.put("server_streaming", this::serverStreaming);
    cases.put("ping_pong", this::pingPong);
    cases.put("empty_stream", this::emptyStream);
    cases.put("cancel_after_begin", this::cancelAfterBegin);
    cases.put("cancel_after_first_response", this::cancelAfterFirstResponse);
    cases.put("timeout_on_sleeping_server", this::timeoutOnSleepingServer);
    cases.put("custom_metadata", this::customMetadata);
    cases.put("status_code_and_message", () -> failsWith("test status message"));
    cases.put("special_status_message", () -> failsWith(SPECIAL));
    cases.put("unimplemented_method", () -> unimplemented("interop.Test", "Missing"));
    cases.put("unimplemented_service", () -> unimplemented("interop.None", "Empty"));
    cases.put("client_compressed", this::clientCompressed);
    return cases;
  }

  private void emptyUnary() throws Exception {
    equal(unary(method("Empty", MethodType.UNARY), BytesValue.getDefaultInstance()).size(), 0);
  }

  private void largeUnary() throws Exception {
    equal(unary(request(271_828, "size", 314_159)).size(), 314_159);
  }

  private void serverStreaming() throws Exception {
    MethodDescriptor<BytesValue, BytesValue> output = method("Output", MethodType.SERVER_STREAMING);
    BytesValue sizes = request(0, "sizes", RESPONSES);
    equal(
        allSizes(ClientCalls.blockingV2ServerStreamingCall(channel, output, CallOptions.DEFAULT, sizes)), RESPONSES);
  }

  private void pingPong() throws Exception {
    BlockingClientCall<BytesValue, BytesValue> duplex = stream("Duplex", CallOptions.DEFAULT);
    for (int index = 0; index < RESPONSES.size(); index++) {
      duplex.write(request(REQUESTS.get(index), "size", RESPONSES.get(index)));
      equal(duplex.read().getValue().size(), RESPONSES.get(index));
    }
    duplex.halfClose();
    equal(duplex.read(), null);
  }

  private void emptyStream() throws Exception {
    BlockingClientCall<BytesValue, BytesValue> duplex = stream("Duplex", CallOptions.DEFAULT);
    duplex.halfClose();
    equal(duplex.read(), null);
  }

  private void cancelAfterBegin() throws Exception {
    BlockingClientCall<BytesValue, BytesValue> sleep = stream("Sleep", CallOptions.DEFAULT);
    sleep.cancel("a test", null);
    equal(failure(sleep::read).getCode(), Status.Code.CANCELLED);
    untilNoneIsOpen();
  }

  private void cancelAfterFirstResponse() throws Exception {
    BlockingClientCall<BytesValue, BytesValue> duplex = stream("Duplex", CallOptions.DEFAULT);
    duplex.write(request(27_182, "size", 31_415));
    equal(duplex.read().getValue().size(), 31_415);
    duplex.cancel("a test", null);
    equal(failure(duplex::read).getCode(), Status.Code.CANCELLED);
    untilNoneIsOpen();
  }

  private void timeoutOnSleepingServer() throws Exception {
    CallOptions deadline = CallOptions.DEFAULT.withDeadlineAfter(100, TimeUnit.MILLISECONDS);
    equal(failure(stream("Sleep", deadline)::read).getCode(), Status.Code.DEADLINE_EXCEEDED);
    untilNoneIsOpen();
  }

  private void customMetadata() throws Exception {
    byte[] bytes = {(byte) 0xab, (byte) 0xab, (byte) 0xab};
    String text = "x-grpc-test-echo-initial";
    String binary = "x-grpc-test-echo-trailing-bin";
    Metadata metadata = new Metadata();
    metadata.put(Metadata.Key.of(text, Metadata.ASCII_STRING_MARSHALLER), "test_initial_metadata_value");
    metadata.put(Metadata.Key.of(binary, Metadata.BINARY_BYTE_MARSHALLER), bytes);
    Channel attaching = ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(metadata));
    BytesValue echo = request(0, "echo", List.of(quoted(text), quoted(binary)));
    ByteString expected = ByteString.copyFromUtf8("test_initial_metadata_value").concat(ByteString.copyFrom(bytes));
    equal(new Interop(attaching).unary(echo), expected);
  }

  private void failsWith(String message) throws Exception {
    BytesValue failing = request(0, "status", "{\"code\":2,\"message\":" + quoted(message) + "}");
    BlockingClientCall<BytesValue, BytesValue> duplex = stream("Duplex", CallOptions.DEFAULT);
    duplex.write(failing);
    List<Callable<Object>> calls = List.of(() -> unary(failing), duplex::read);
    for (Callable<Object> call : calls) {
      Status status = failure(call);
      equal(status.getCode(), Status.Code.UNKNOWN);
      equal(status.getDescription(), message);
    }
  }

  private void unimplemented(String service, String name) throws Exception {
    MethodDescriptor<BytesValue, BytesValue> missing = method(service, name, MethodType.UNARY);
    Status status = failure(() -> unary(missing, BytesValue.getDefaultInstance()));
    equal(status.getCode(), Status.Code.UNIMPLEMENTED);
  }

  private void clientCompressed() throws Exception {
    MethodDescriptor<BytesValue, BytesValue> unary = method("Unary", MethodType.UNARY);
    BytesValue large = request(271_828, "size", 1_000);
    equal(ClientCalls.blockingV2UnaryCall(channel, unary, GZIP, large).getValue().size(), 1_000);
    BlockingClientCall<BytesValue, BytesValue> duplex = stream("Duplex", GZIP);
    for (int size : RESPONSES) duplex.write(request(100_000, "size", size));
    duplex.halfClose();
    equal(allSizes(duplex), RESPONSES);
  }

  /** The server has no call that it has not ended. */
  private void untilNoneIsOpen() throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!unary(request(0, "open", true)).toStringUtf8().equals("0")) {
      if (System.nanoTime() > end) throw new AssertionError("a call is open");
    }
  }

  private ByteString unary(BytesValue request) throws StatusException {
    return unary(method("Unary", MethodType.UNARY), request);
  }

  private ByteString unary(MethodDescriptor<BytesValue, BytesValue> method, BytesValue request)
      throws StatusException {
    return ClientCalls.blockingV2UnaryCall(channel, method, CallOptions.DEFAULT, request).getValue();
  }

  private BlockingClientCall<BytesValue, BytesValue> stream(String name, CallOptions options) {
    return ClientCalls.blockingBidiStreamingCall(channel, method(name, MethodType.BIDI_STREAMING), options);
  }

  private static MethodDescriptor<BytesValue, BytesValue> method(String name, MethodType type) {
    return method("interop.Test", name, type);
  }

  private static MethodDescriptor<BytesValue, BytesValue> method(String service, String name, MethodType type) {
    MethodDescriptor.Marshaller<BytesValue> marshaller = ProtoUtils.marshaller(BytesValue.getDefaultInstance());
    return MethodDescriptor.newBuilder(marshaller, marshaller)
        .setType(type)
        .setFullMethodName(MethodDescriptor.generateFullMethodName(service, name))
        .build();
  }

  /** A request with one option; its value is JSON as it prints. */
  private static BytesValue request(int size, String option, Object value) {
    byte[] text = ByteString.copyFromUtf8("{" + quoted(option) + ":" + value + "}").toByteArray();
    byte[] padded = Arrays.copyOf(text, Math.max(size, text.length));
    Arrays.fill(padded, text.length, padded.length, (byte) ' ');
    return BytesValue.of(ByteString.copyFrom(padded));
  }

  private static String quoted(String text) {
    return "\"" + text.replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r") + "\"";
  }

  private static List<Integer> allSizes(BlockingClientCall<BytesValue, BytesValue> call) throws Exception {
    List<Integer> sizes = new ArrayList<>();
    for (BytesValue value = call.read(); value != null; value = call.read()) sizes.add(value.getValue().size());
    return sizes;
  }

  private static Status failure(Callable<Object> call) throws Exception {
    try {
      throw new AssertionError(call.call() + " instead of a failure");
    } catch (StatusException error) {
      return error.getStatus();
    }
  }

  private static void equal(Object found, Object wanted) {
    if (!Objects.equals(found, wanted)) throw new AssertionError(found + " instead of " + wanted);
  }
}
