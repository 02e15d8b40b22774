// The cases of gRPC's interoperability tests, by grpc-go. Prints the name of each case that passed, and ends with the
// first that does not.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

type fields map[string]any

var (
	connection *grpc.ClientConn
	responses  = []int{31415, 9, 2653, 58979}
	requests   = []int{27182, 8, 1828, 45904}
)

const special = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"

func main() {
	var err error
	connection, err = grpc.NewClient("unix:"+os.Args[1], grpc.WithTransportCredentials(insecure.NewCredentials()))
	check(err)
	defer connection.Close()
	for _, one := range []struct {
		name string
		run  func(ctx context.Context)
	}{
		{"empty_unary", emptyUnary},
		{"large_unary", largeUnary},
		{"server_streaming", serverStreaming},
		{"ping_pong", pingPong},
		{"empty_stream", emptyStream},
		{"cancel_after_begin", cancelAfterBegin},
		{"cancel_after_first_response", cancelAfterFirstResponse},
		{"timeout_on_sleeping_server", timeoutOnSleepingServer},
		{"custom_metadata", customMetadata},
		{"status_code_and_message", func(ctx context.Context) { failsWith(ctx, "test status message") }},
		{"special_status_message", func(ctx context.Context) { failsWith(ctx, special) }},
		{"unimplemented_method", func(ctx context.Context) { unimplemented(ctx, "/interop.Test/Missing") }},
		{"unimplemented_service", func(ctx context.Context) { unimplemented(ctx, "/interop.None/Empty") }},
		{"client_compressed", clientCompressed},
	} {
		ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
		one.run(ctx)
		cancel()
		fmt.Println(one.name)
	}
}

func request(pad int, asked fields) *wrapperspb.BytesValue {
	text, err := json.Marshal(asked)
	check(err)
	if len(text) < pad {
		text = append(text, bytes.Repeat([]byte(" "), pad-len(text))...)
	}
	return wrapperspb.Bytes(text)
}

func unary(ctx context.Context, path string, request *wrapperspb.BytesValue, options ...grpc.CallOption) ([]byte, error) {
	response := new(wrapperspb.BytesValue)
	err := connection.Invoke(ctx, path, request, response, options...)
	return response.Value, err
}

func stream(ctx context.Context, path string, client bool, options ...grpc.CallOption) grpc.ClientStream {
	description := &grpc.StreamDesc{ClientStreams: client, ServerStreams: true}
	opened, err := connection.NewStream(ctx, description, path, options...)
	check(err)
	return opened
}

func receive(from grpc.ClientStream) ([]byte, error) {
	response := new(wrapperspb.BytesValue)
	err := from.RecvMsg(response)
	return response.Value, err
}

func emptyUnary(ctx context.Context) {
	response, err := unary(ctx, "/interop.Test/Empty", wrapperspb.Bytes(nil))
	check(err)
	equal(len(response), 0)
}

func largeUnary(ctx context.Context) {
	response, err := unary(ctx, "/interop.Test/Unary", request(271828, fields{"size": 314159}))
	check(err)
	equal(len(response), 314159)
}

func serverStreaming(ctx context.Context) {
	output := stream(ctx, "/interop.Test/Output", false)
	check(output.SendMsg(request(0, fields{"sizes": responses})))
	check(output.CloseSend())
	receivesAll(output)
}

func receivesAll(from grpc.ClientStream) {
	for _, size := range responses {
		response, err := receive(from)
		check(err)
		equal(len(response), size)
	}
	_, err := receive(from)
	equal(err, io.EOF)
}

func pingPong(ctx context.Context) {
	duplex := stream(ctx, "/interop.Test/Duplex", true)
	for index, size := range responses {
		check(duplex.SendMsg(request(requests[index], fields{"size": size})))
		response, err := receive(duplex)
		check(err)
		equal(len(response), size)
	}
	check(duplex.CloseSend())
	_, err := receive(duplex)
	equal(err, io.EOF)
}

func emptyStream(ctx context.Context) {
	duplex := stream(ctx, "/interop.Test/Duplex", true)
	check(duplex.CloseSend())
	_, err := receive(duplex)
	equal(err, io.EOF)
}

func cancelAfterBegin(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	sleep := stream(ctx, "/interop.Test/Sleep", true)
	cancel()
	_, err := receive(sleep)
	equal(status.Code(err), codes.Canceled)
	untilNoneIsOpen()
}

func cancelAfterFirstResponse(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	duplex := stream(ctx, "/interop.Test/Duplex", true)
	check(duplex.SendMsg(request(27182, fields{"size": 31415})))
	_, err := receive(duplex)
	check(err)
	cancel()
	_, err = receive(duplex)
	equal(status.Code(err), codes.Canceled)
	untilNoneIsOpen()
}

func timeoutOnSleepingServer(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	_, err := receive(stream(ctx, "/interop.Test/Sleep", true))
	equal(status.Code(err), codes.DeadlineExceeded)
	untilNoneIsOpen()
}

// The server has no call that it has not ended.
func untilNoneIsOpen() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for open := ""; open != "0"; {
		response, err := unary(ctx, "/interop.Test/Unary", request(0, fields{"open": true}))
		check(err)
		open = string(response)
	}
}

func customMetadata(ctx context.Context) {
	text, binary := "x-grpc-test-echo-initial", "x-grpc-test-echo-trailing-bin"
	ctx = metadata.AppendToOutgoingContext(ctx, text, "test_initial_metadata_value", binary, "\xab\xab\xab")
	response, err := unary(ctx, "/interop.Test/Unary", request(0, fields{"echo": []string{text, binary}}))
	check(err)
	equal(string(response), "test_initial_metadata_value\xab\xab\xab")
}

func failsWith(ctx context.Context, message string) {
	failing := request(0, fields{"status": fields{"code": 2, "message": message}})
	_, err := unary(ctx, "/interop.Test/Unary", failing)
	equal(status.Convert(err).Message(), message)
	duplex := stream(ctx, "/interop.Test/Duplex", true)
	check(duplex.SendMsg(failing))
	_, err = receive(duplex)
	equal(status.Code(err), codes.Unknown)
	equal(status.Convert(err).Message(), message)
}

func unimplemented(ctx context.Context, path string) {
	_, err := unary(ctx, path, wrapperspb.Bytes(nil))
	equal(status.Code(err), codes.Unimplemented)
}

func clientCompressed(ctx context.Context) {
	compressed := grpc.UseCompressor(gzip.Name)
	response, err := unary(ctx, "/interop.Test/Unary", request(271828, fields{"size": 1000}), compressed)
	check(err)
	equal(len(response), 1000)
	duplex := stream(ctx, "/interop.Test/Duplex", true, compressed)
	for _, size := range responses {
		check(duplex.SendMsg(request(100000, fields{"size": size})))
	}
	check(duplex.CloseSend())
	receivesAll(duplex)
}

func equal(found, wanted any) {
	if found != wanted {
		log.Fatalf("%v instead of %v", found, wanted)
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
