// A client made of generated stubs alone. It prints what an attach stream gave it, and the symbol of a typed error.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	pb "sockbroker.test/stubs/sockbroker/v1"
)

func main() {
	connection, err := grpc.NewClient("unix:"+os.Args[1], grpc.WithTransportCredentials(insecure.NewCredentials()))
	check(err)
	defer connection.Close()
	sockets := pb.NewSocketServiceClient(connection)
	fmt.Println("attach", attach(sockets, pb.NewStreamServiceClient(connection)))
	fmt.Println("error", refused(sockets))
}

func attach(sockets pb.SocketServiceClient, streams pb.StreamServiceClient) string {
	ctx := context.Background()
	pair, err := sockets.Socketpair(ctx, &pb.SocketpairRequest{})
	check(err)
	stream, err := streams.Attach(ctx)
	check(err)
	start := &pb.AttachStart{Handle: pair.First.Handle}
	check(stream.Send(&pb.ClientFrame{Frame: &pb.ClientFrame_Attach{Attach: start}}))
	first, err := stream.Recv()
	check(err)
	if first.GetAttached() == nil {
		log.Fatalf("not attached: %v", first)
	}

	_, err = sockets.Sendall(ctx, &pb.SendallRequest{Handle: pair.Second.Handle, Data: []byte("pong")})
	check(err)
	frame, err := stream.Recv()
	check(err)

	check(stream.Send(&pb.ClientFrame{Frame: &pb.ClientFrame_Close{Close: &pb.CloseFrame{}}}))
	check(stream.CloseSend())
	for err == nil {
		_, err = stream.Recv()
	}
	if err != io.EOF {
		log.Fatal(err)
	}
	return string(frame.GetData())
}

func refused(sockets pb.SocketServiceClient) string {
	ctx := context.Background()
	opened, err := sockets.Socket(ctx, &pb.SocketRequest{})
	check(err)
	inet := &pb.InetAddress{Host: "127.0.0.1", Port: 1}
	address := &pb.SocketAddress{Address: &pb.SocketAddress_Inet{Inet: inet}}
	_, err = sockets.ConnectTo(ctx, &pb.ConnectToRequest{Handle: opened.Socket.Handle, Address: address})
	details := status.Convert(err).Details()
	if len(details) != 1 {
		log.Fatalf("not one detail: %v", err)
	}
	return details[0].(*pb.SocketError).Symbol
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
