//! The cases of gRPC's interoperability tests, by tonic. Prints the name of each case that passed, and ends with the
//! first that does not.

use std::{
    env,
    error::Error,
    fmt::{Debug, Display},
    time::{Duration, Instant},
};

use tokio::sync::mpsc;
use tonic::{
    client::Grpc,
    codec::CompressionEncoding,
    codegen::{
        http::uri::PathAndQuery,
        tokio_stream::{self, wrappers::UnboundedReceiverStream, Stream},
    },
    metadata::MetadataValue,
    transport::{Channel, Endpoint},
    Code, Request, Status, Streaming,
};
use tonic_prost::ProstCodec;

/// `Vec<u8>` is prost's google.protobuf.BytesValue.
type Codec = ProstCodec<Vec<u8>, Vec<u8>>;
type Client = Grpc<Channel>;
type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const RESPONSES: [usize; 4] = [31_415, 9, 2_653, 58_979];
const REQUESTS: [usize; 4] = [27_182, 8, 1_828, 45_904];
const SPECIAL: &str = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";

macro_rules! passes {
    ($name:ident, $case:expr) => {
        $case.await?;
        println!("{}", stringify!($name));
    };
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let path = env::args().nth(1).ok_or("a path is needed")?;
    let grpc = &mut Grpc::new(Endpoint::try_from(format!("unix:{path}"))?.connect().await?);
    passes!(empty_unary, empty_unary(grpc));
    passes!(large_unary, large_unary(grpc));
    passes!(server_streaming, server_streaming(grpc));
    passes!(ping_pong, ping_pong(grpc));
    passes!(empty_stream, empty_stream(grpc));
    passes!(cancel_after_begin, cancel_after_begin(grpc));
    passes!(cancel_after_first_response, cancel_after_first_response(grpc));
    passes!(timeout_on_sleeping_server, timeout_on_sleeping_server(grpc));
    passes!(custom_metadata, custom_metadata(grpc));
    passes!(status_code_and_message, fails_with(grpc, "test status message"));
    passes!(special_status_message, fails_with(grpc, SPECIAL));
    passes!(unimplemented_method, unimplemented(grpc, "/interop.Test/Missing"));
    passes!(unimplemented_service, unimplemented(grpc, "/interop.None/Empty"));
    passes!(client_compressed, client_compressed(&mut grpc.clone().send_compressed(CompressionEncoding::Gzip)));
    Ok(())
}

async fn empty_unary(grpc: &mut Client) -> Outcome {
    equal(unary(grpc, "/interop.Test/Empty", Request::new(Vec::new())).await?.len(), 0)
}

async fn large_unary(grpc: &mut Client) -> Outcome {
    equal(ask(grpc, request(271_828, "size", 314_159)).await?.len(), 314_159)
}

async fn server_streaming(grpc: &mut Client) -> Outcome {
    grpc.ready().await?;
    let sizes = Request::new(request(0, "sizes", format!("{RESPONSES:?}")));
    let path = PathAndQuery::from_static("/interop.Test/Output");
    let output = grpc.server_streaming(sizes, path, Codec::default()).await?;
    receives_all(output.into_inner()).await
}

async fn receives_all(mut from: Streaming<Vec<u8>>) -> Outcome {
    for size in RESPONSES {
        equal(from.message().await?.map(|message| message.len()), Some(size))?;
    }
    equal(from.message().await?, None)
}

async fn ping_pong(grpc: &mut Client) -> Outcome {
    let (requests, outgoing) = mpsc::unbounded_channel();
    let mut duplex = stream(grpc, "/interop.Test/Duplex", UnboundedReceiverStream::new(outgoing)).await?;
    for (pad, size) in REQUESTS.into_iter().zip(RESPONSES) {
        requests.send(request(pad, "size", size))?;
        equal(duplex.message().await?.map(|message| message.len()), Some(size))?;
    }
    drop(requests);
    equal(duplex.message().await?, None)
}

async fn empty_stream(grpc: &mut Client) -> Outcome {
    let mut duplex = stream(grpc, "/interop.Test/Duplex", tokio_stream::empty()).await?;
    equal(duplex.message().await?, None)
}

/// A call is cancelled by dropping both of its streams. That leaves no status: the server has to tell that it is over.
async fn cancel_after_begin(grpc: &mut Client) -> Outcome {
    let (requests, outgoing) = mpsc::unbounded_channel();
    let sleep = stream(grpc, "/interop.Test/Sleep", UnboundedReceiverStream::new(outgoing)).await?;
    equal(open_calls(grpc).await?, "1".into())?;
    drop((requests, sleep));
    until_none_is_open(grpc).await
}

async fn cancel_after_first_response(grpc: &mut Client) -> Outcome {
    let (requests, outgoing) = mpsc::unbounded_channel();
    let mut duplex = stream(grpc, "/interop.Test/Duplex", UnboundedReceiverStream::new(outgoing)).await?;
    requests.send(request(27_182, "size", 31_415))?;
    equal(duplex.message().await?.map(|message| message.len()), Some(31_415))?;
    drop((requests, duplex));
    until_none_is_open(grpc).await
}

async fn timeout_on_sleeping_server(grpc: &mut Client) -> Outcome {
    let mut request = Request::new(tokio_stream::pending());
    request.set_timeout(Duration::from_millis(100));
    let mut sleep = stream(grpc, "/interop.Test/Sleep", request).await?;
    // By the server: tonic's own timer runs only until a stream has headers.
    equal(failure(sleep.message().await)?.code(), Code::DeadlineExceeded)?;
    until_none_is_open(grpc).await
}

async fn custom_metadata(grpc: &mut Client) -> Outcome {
    let (text, binary) = ("x-grpc-test-echo-initial", "x-grpc-test-echo-trailing-bin");
    let mut asked = Request::new(request(0, "echo", format!("{:?}", [text, binary])));
    asked.metadata_mut().insert(text, "test_initial_metadata_value".parse()?);
    asked.metadata_mut().insert_bin(binary, MetadataValue::from_bytes(b"\xab\xab\xab"));
    equal(unary(grpc, "/interop.Test/Unary", asked).await?, b"test_initial_metadata_value\xab\xab\xab".to_vec())
}

async fn fails_with(grpc: &mut Client, message: &str) -> Outcome {
    let quoted = message.replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r");
    let failing = request(0, "status", format!(r#"{{"code":2,"message":"{quoted}"}}"#));
    let status = failure(ask(grpc, failing.clone()).await)?;
    equal((status.code(), status.message()), (Code::Unknown, message))?;
    let mut duplex = stream(grpc, "/interop.Test/Duplex", tokio_stream::once(failing)).await?;
    let status = failure(duplex.message().await)?;
    equal((status.code(), status.message()), (Code::Unknown, message))
}

async fn unimplemented(grpc: &mut Client, path: &'static str) -> Outcome {
    equal(failure(unary(grpc, path, Request::new(Vec::new())).await)?.code(), Code::Unimplemented)
}

async fn client_compressed(grpc: &mut Client) -> Outcome {
    equal(ask(grpc, request(271_828, "size", 1_000)).await?.len(), 1_000)?;
    let requests = tokio_stream::iter(RESPONSES.map(|size| request(100_000, "size", size)));
    receives_all(stream(grpc, "/interop.Test/Duplex", requests).await?).await
}

async fn until_none_is_open(grpc: &mut Client) -> Outcome {
    let started = Instant::now();
    while open_calls(grpc).await? != "0" {
        if started.elapsed() > Duration::from_secs(20) {
            return Err("a call is open".into());
        }
    }
    Ok(())
}

/// How many calls the server has not ended.
async fn open_calls(grpc: &mut Client) -> Outcome<String> {
    Ok(String::from_utf8(ask(grpc, request(0, "open", true)).await?)?)
}

async fn ask(grpc: &mut Client, request: Vec<u8>) -> Result<Vec<u8>, Status> {
    unary(grpc, "/interop.Test/Unary", Request::new(request)).await
}

async fn unary(grpc: &mut Client, path: &'static str, request: Request<Vec<u8>>) -> Result<Vec<u8>, Status> {
    grpc.ready().await.map_err(|error| Status::from_error(error.into()))?;
    let response = grpc.unary(request, PathAndQuery::from_static(path), Codec::default()).await?;
    Ok(response.into_inner())
}

async fn stream<S>(
    grpc: &mut Client,
    path: &'static str,
    requests: impl tonic::IntoStreamingRequest<Stream = S, Message = Vec<u8>>,
) -> Outcome<Streaming<Vec<u8>>>
where
    S: Stream<Item = Vec<u8>> + Send + 'static,
{
    grpc.ready().await?;
    let path = PathAndQuery::from_static(path);
    let response = grpc.streaming(requests.into_streaming_request(), path, Codec::default()).await?;
    Ok(response.into_inner())
}

/// A request with one option; its value is JSON as it prints.
fn request(pad: usize, option: &str, value: impl Display) -> Vec<u8> {
    let mut text = format!(r#"{{"{option}":{value}}}"#).into_bytes();
    text.resize(text.len().max(pad), b' ');
    text
}

fn failure<T>(result: Result<T, Status>) -> Outcome<Status> {
    result.err().ok_or_else(|| "it did not fail".into())
}

fn equal<T: PartialEq + Debug>(found: T, wanted: T) -> Outcome {
    if found == wanted {
        Ok(())
    } else {
        Err(format!("{found:?} instead of {wanted:?}").into())
    }
}
