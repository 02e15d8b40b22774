// The other ends of `npm run bench -- --peers`: a TCP server, and a client that reaches it directly, through a forwarder,
// or through the daemon by generated stubs.
//
//	bench serve
//	bench upload|download VIA BYTES CHUNK     prints MiB per second
//	bench pingpong VIA ROUNDS BYTES           prints the median and the 99th percentile, in microseconds
//	bench flood COUNT BYTES                   sends datagrams over loopback; prints how many it sent a second
//	bench capture PATH INTERFACE              captures packets by the daemon at PATH; prints how many, and how many were
//	                                         dropped, when its input ends
//
// VIA is one of
//
//	tcp:HOST:PORT             directly, or a forwarder's own port
//	socks:PROXY,HOST:PORT     through a SOCKS5 proxy
//	attach:PATH,HOST:PORT     a socket of the daemon at PATH, by an attach stream
//	stream:PATH               a bare gRPC or HTTP/2 server at PATH, which is told by metadata what to do
package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	pb "sockbroker.test/stubs/sockbroker/v1"
)

func main() {
	log.SetFlags(0)
	args := os.Args[1:]
	switch {
	case len(args) == 1 && args[0] == "serve":
		serve()
	case len(args) == 4 && args[0] == "upload":
		fmt.Printf("%f\n", upload(open(args[1], "sink", number(args[2])), number(args[2]), number(args[3])))
	case len(args) == 4 && args[0] == "download":
		fmt.Printf("%f\n", download(open(args[1], "source", number(args[2])), number(args[2]), number(args[3])))
	case len(args) == 4 && args[0] == "pingpong":
		fmt.Println(pingpong(open(args[1], "echo", 0), number(args[2]), number(args[3])))
	case len(args) == 3 && args[0] == "flood":
		fmt.Printf("%f\n", flood(number(args[1]), number(args[2])))
	case len(args) == 3 && args[0] == "capture":
		capture(args[1], args[2])
	default:
		log.Fatal("usage: bench serve | upload VIA BYTES CHUNK | download VIA BYTES CHUNK | pingpong VIA ROUNDS BYTES |\n" +
			"       flood COUNT BYTES | capture PATH INTERFACE")
	}
}

// What a connection is for is its first byte, and how many bytes follow in either direction the next eight.
func serve() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	check(json.NewEncoder(os.Stdout).Encode(map[string]int{"port": listener.Addr().(*net.TCPAddr).Port}))
	for {
		connection, err := listener.Accept()
		check(err)
		go answer(connection)
	}
}

func answer(connection net.Conn) {
	defer connection.Close()
	header := make([]byte, 9)
	if _, err := io.ReadFull(connection, header); err != nil {
		return
	}
	count := int64(binary.BigEndian.Uint64(header[1:]))
	buffer := make([]byte, 256*1024)
	switch header[0] {
	case 'e':
		for {
			n, err := connection.Read(buffer)
			if err != nil {
				return
			}
			if _, err := connection.Write(buffer[:n]); err != nil {
				return
			}
		}
	case 's':
		for left := count; left > 0; {
			n, err := connection.Read(buffer)
			if err != nil {
				return
			}
			left -= int64(n)
		}
		_, _ = connection.Write([]byte{1})
	case 'd':
		for left := count; left > 0; {
			n, err := connection.Write(buffer[:min(left, int64(len(buffer)))])
			if err != nil {
				return
			}
			left -= int64(n)
		}
		_, _ = connection.Read(buffer)
	}
}

// What all ways have in common.
type peer interface {
	// Writes a part of what is uploaded, or sent to be echoed.
	write(data []byte)
	// Returns the number of bytes that arrived.
	read() int
	// Waits until the other end has got everything.
	finish()
}

func open(via, purpose string, count int) peer {
	kind, rest, _ := strings.Cut(via, ":")
	header := make([]byte, 9)
	header[0] = map[string]byte{"sink": 's', "source": 'd', "echo": 'e'}[purpose]
	binary.BigEndian.PutUint64(header[1:], uint64(count))
	first, second, _ := strings.Cut(rest, ",")
	switch kind {
	case "tcp":
		return dial(rest, header)
	case "socks":
		connection := dial(first, nil)
		connection.greet(second)
		connection.write(header)
		return connection
	case "attach":
		return attach(first, second, header)
	case "stream":
		ctx := metadata.AppendToOutgoingContext(context.Background(), "bench-"+purpose, strconv.Itoa(count))
		stream, err := pb.NewStreamServiceClient(client(rest)).Attach(ctx)
		check(err)
		return &streamPeer{stream: stream}
	}
	log.Fatalf("unknown way: %s", via)
	return nil
}

type tcpPeer struct {
	connection net.Conn
	buffer     []byte
}

func dial(address string, header []byte) *tcpPeer {
	connection, err := net.Dial("tcp", address)
	check(err)
	peer := &tcpPeer{connection, make([]byte, 256*1024)}
	peer.write(header)
	return peer
}

// SOCKS5 without authentication, RFC 1928.
func (p *tcpPeer) greet(target string) {
	host, port, err := net.SplitHostPort(target)
	check(err)
	p.write([]byte{5, 1, 0})
	_, err = io.ReadFull(p.connection, make([]byte, 2))
	check(err)
	request := append([]byte{5, 1, 0, 1}, net.ParseIP(host).To4()...)
	p.write(binary.BigEndian.AppendUint16(request, uint16(number(port))))
	reply := make([]byte, 10)
	_, err = io.ReadFull(p.connection, reply)
	check(err)
	if reply[1] != 0 {
		log.Fatalf("the proxy answers %v", reply)
	}
}

func (p *tcpPeer) write(data []byte) {
	_, err := p.connection.Write(data)
	check(err)
}

func (p *tcpPeer) read() int {
	n, err := p.connection.Read(p.buffer)
	check(err)
	return n
}

func (p *tcpPeer) finish() { p.read() }

// An attach stream, or one of the same messages.
type streamPeer struct {
	stream grpc.BidiStreamingClient[pb.ClientFrame, pb.ServerFrame]
	// Whether the other end of the socket says that it has got everything; a bare server ends the stream.
	acknowledged bool
}

func attach(path, target string, header []byte) peer {
	ctx := context.Background()
	connection := client(path)
	sockets := pb.NewSocketServiceClient(connection)
	opened, err := sockets.Socket(ctx, &pb.SocketRequest{})
	check(err)
	handle := opened.Socket.Handle
	host, port, err := net.SplitHostPort(target)
	check(err)
	inet := &pb.InetAddress{Host: host, Port: uint32(number(port))}
	_, err = sockets.ConnectTo(ctx, &pb.ConnectToRequest{
		Handle: handle, Address: &pb.SocketAddress{Address: &pb.SocketAddress_Inet{Inet: inet}},
	})
	check(err)
	stream, err := pb.NewStreamServiceClient(connection).Attach(ctx)
	check(err)
	start := &pb.ClientFrame{Frame: &pb.ClientFrame_Attach{Attach: &pb.AttachStart{Handle: handle}}}
	check(stream.Send(start))
	_, err = stream.Recv()
	check(err)
	peer := &streamPeer{stream, true}
	peer.write(header)
	return peer
}

func client(path string) *grpc.ClientConn {
	connection, err := grpc.NewClient("unix:"+path, grpc.WithTransportCredentials(insecure.NewCredentials()))
	check(err)
	return connection
}

func (p *streamPeer) write(data []byte) {
	check(p.stream.Send(&pb.ClientFrame{Frame: &pb.ClientFrame_Data{Data: data}}))
}

func (p *streamPeer) read() int {
	frame, err := p.stream.Recv()
	check(err)
	if failure := frame.GetError(); failure != nil {
		log.Fatal(failure)
	}
	return len(frame.GetData())
}

func (p *streamPeer) finish() {
	if p.acknowledged {
		p.read()
		return
	}
	check(p.stream.CloseSend())
	if _, err := p.stream.Recv(); !errors.Is(err, io.EOF) {
		log.Fatal(err)
	}
}

func upload(peer peer, count, chunk int) float64 {
	data := make([]byte, chunk)
	began := time.Now()
	for left := count; left > 0; left -= chunk {
		peer.write(data[:min(left, chunk)])
	}
	peer.finish()
	return rate(count, began)
}

func download(peer peer, count, _ int) float64 {
	began := time.Now()
	for left := count; left > 0; {
		left -= peer.read()
	}
	return rate(count, began)
}

func pingpong(peer peer, rounds, bytes int) string {
	data := make([]byte, bytes)
	times := make([]float64, 0, rounds)
	for range rounds {
		began := time.Now()
		peer.write(data)
		for left := bytes; left > 0; {
			left -= peer.read()
		}
		times = append(times, float64(time.Since(began).Nanoseconds())/1_000)
	}
	slices.Sort(times)
	return fmt.Sprintf("%f %f", times[rounds/2], times[rounds*99/100])
}

// A socket that nobody reads takes the datagrams, so that no ICMP errors are sent.
func flood(count, bytes int) float64 {
	sink, err := net.ListenPacket("udp4", "127.0.0.1:0")
	check(err)
	connection, err := net.Dial("udp4", sink.LocalAddr().String())
	check(err)
	data := make([]byte, bytes)
	began := time.Now()
	for range count {
		_, err := connection.Write(data)
		check(err)
	}
	return float64(count) / time.Since(began).Seconds()
}

const ethPAll = 3

func capture(path, name string) {
	ctx, cancel := context.WithCancel(context.Background())
	connection := client(path)
	sockets := pb.NewSocketServiceClient(connection)
	family, kind, protocol := pb.AddressFamily_ADDRESS_FAMILY_PACKET, pb.SocketType_SOCKET_TYPE_RAW, int32(0)
	opened, err := sockets.Socket(ctx, &pb.SocketRequest{Family: &family, Type: &kind, Protocol: &protocol})
	check(err)
	handle := opened.Socket.Handle
	address := &pb.PacketAddress{InterfaceName: name, Protocol: ethPAll}
	_, err = sockets.Bind(ctx, &pb.BindRequest{
		Handle: handle, Address: &pb.SocketAddress{Address: &pb.SocketAddress_Packet{Packet: address}},
	})
	check(err)
	stream, err := pb.NewStreamServiceClient(connection).Attach(ctx)
	check(err)
	start := &pb.AttachStart{Handle: handle, ReceiveOnly: true}
	check(stream.Send(&pb.ClientFrame{Frame: &pb.ClientFrame_Attach{Attach: start}}))
	_, err = stream.Recv()
	check(err)
	fmt.Println("capturing")
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		check(stream.Send(&pb.ClientFrame{Frame: &pb.ClientFrame_Detach{Detach: &pb.DetachFrame{}}}))
	}()
	defer cancel()
	packets, frames, dropped := 0, 0, uint64(0)
	for {
		frame, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		check(err)
		if messages := frame.GetMessages().GetMessages(); len(messages) > 0 {
			packets += len(messages)
			frames++
		}
		dropped += frame.GetDropped().GetCount()
	}
	fmt.Println(packets, frames, dropped)
}

func rate(count int, began time.Time) float64 {
	return float64(count) / (1 << 20) / time.Since(began).Seconds()
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
