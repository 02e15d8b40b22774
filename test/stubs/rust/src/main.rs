//! A client made of generated stubs alone. It prints what an attach stream gave it, and the symbol of a typed error.

mod google {
    pub mod rpc {
        tonic::include_proto!("google.rpc");
    }
}
mod sockbroker {
    #[allow(dead_code)]
    pub mod v1 {
        tonic::include_proto!("sockbroker.v1");
    }
}

use std::{env, error::Error};

use prost::Message;
use sockbroker::v1::{
    client_frame, server_frame, socket_address, socket_service_client::SocketServiceClient,
    stream_service_client::StreamServiceClient, AttachStart, ClientFrame, CloseFrame, ConnectToRequest, InetAddress,
    SendallRequest, SocketAddress, SocketError, SocketRequest, SocketpairRequest,
};
use tokio::sync::mpsc;
use tonic::{
    codegen::tokio_stream::wrappers::UnboundedReceiverStream,
    transport::{Channel, Endpoint},
};

type Sockets = SocketServiceClient<Channel>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args().nth(1).ok_or("a path is needed")?;
    let channel = Endpoint::try_from(format!("unix:{path}"))?.connect().await?;
    let mut sockets = SocketServiceClient::new(channel.clone());
    println!("attach {}", attach(&mut sockets, &mut StreamServiceClient::new(channel)).await?);
    println!("error {}", refused(&mut sockets).await?);
    Ok(())
}

async fn attach(sockets: &mut Sockets, streams: &mut StreamServiceClient<Channel>) -> Result<String, Box<dyn Error>> {
    let pair = sockets.socketpair(SocketpairRequest::default()).await?.into_inner();
    let first = pair.first.ok_or("no first")?.handle;
    let second = pair.second.ok_or("no second")?.handle;

    let (frames, outgoing) = mpsc::unbounded_channel();
    let send = |frame| frames.send(ClientFrame { frame: Some(frame) });
    send(client_frame::Frame::Attach(AttachStart { handle: first, ..Default::default() }))?;
    let mut incoming = streams.attach(UnboundedReceiverStream::new(outgoing)).await?.into_inner();
    let start = incoming.message().await?.and_then(|message| message.frame);
    if !matches!(start, Some(server_frame::Frame::Attached(_))) {
        return Err("not attached".into());
    }

    sockets.sendall(SendallRequest { handle: second, data: b"pong".to_vec(), ..Default::default() }).await?;
    let data = match incoming.message().await?.and_then(|message| message.frame) {
        Some(server_frame::Frame::Data(data)) => String::from_utf8(data)?,
        other => return Err(format!("not data: {other:?}").into()),
    };

    send(client_frame::Frame::Close(CloseFrame {}))?;
    drop(frames);
    while incoming.message().await?.is_some() {}
    Ok(data)
}

async fn refused(sockets: &mut Sockets) -> Result<String, Box<dyn Error>> {
    let socket = sockets.socket(SocketRequest::default()).await?.into_inner().socket.ok_or("no socket")?;
    let inet = InetAddress { host: "127.0.0.1".into(), port: 1 };
    let address = SocketAddress { address: Some(socket_address::Address::Inet(inet)) };
    let request = ConnectToRequest { handle: socket.handle, address: Some(address), timeout: None };
    let status = sockets.connect_to(request).await.err().ok_or("it was not refused")?;
    let details = google::rpc::Status::decode(status.details())?.details;
    match &details[..] {
        [detail] if detail.type_url.ends_with("/sockbroker.v1.SocketError") => {
            Ok(SocketError::decode(&*detail.value)?.symbol)
        }
        _ => Err("not one SocketError".into()),
    }
}
